//! What a caller sees and does who is not signed in.

use serde_json::{Value, json};
use tests::client::mutation_document;
use tests::id::absent;
use tests::{Socket, World, claims};

claims![
    has_no_viewer,
    sees_a_public_profile_by_id_and_by_username,
    does_not_see_the_list_of_users,
    changes_nothing,
    has_no_inbox,
    sees_nothing_of_its_own_in_a_room,
];

async fn has_no_viewer(world: World) {
    let answer = world.anonymous.graphql("{ viewer { email } }", json!({})).await;
    assert_eq!(answer.data(), &json!({ "viewer": null }));
}

async fn sees_a_public_profile_by_id_and_by_username(world: World) {
    let alice = world.user("Alice").await;
    alice.update_profile(json!({ "displayName": "Alice A.", "bio": "Hello" })).await.ok("/profileUpdate/user");
    let document = "query($by: UserBy!) { user(by: $by) { id username kind profile { displayName bio } } }";
    let public = json!({ "id": alice.id, "username": "Alice", "kind": "HUMAN",
        "profile": { "displayName": "Alice A.", "bio": "Hello" } });
    for by in [json!({ "id": alice.id }), json!({ "username": "Alice" }), json!({ "username": "aLICE" })] {
        assert_eq!(world.anonymous.graphql(document, json!({ "by": by })).await.ok("/user"), &public);
    }
    for by in [json!({ "id": absent(&alice.id) }), json!({ "username": "nobody" })] {
        assert!(world.anonymous.graphql(document, json!({ "by": by })).await.ok("/user").is_null());
    }
    let node = "query($id: ID!) { node(id: $id) { id ... on User { username } } }";
    let answer = world.anonymous.graphql(node, json!({ "id": alice.id })).await;
    assert_eq!(answer.ok("/node"), &json!({ "id": alice.id, "username": "Alice" }));
}

async fn does_not_see_the_list_of_users(world: World) {
    world.user("alice").await;
    for arguments in ["first: 10", "first: 10, search: \"alice\""] {
        let answer =
            world.anonymous.graphql(&format!("{{ users({arguments}) {{ nodes {{ id }} }} }}"), json!({})).await;
        answer.failed("UNAUTHENTICATED");
        assert!(!answer.json.to_string().contains("usr_"), "{}", answer.json);
    }
}

async fn changes_nothing(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let sent = alice.send(&room, "hello").await;
    let (user, message) = (&alice.id, &sent.id);
    let mutations: [(&str, Value); 19] = [
        ("profileUpdate", json!({ "displayName": "x" })),
        ("threadCreate", json!({ "room": { "title": "x" } })),
        ("threadUpdate", json!({ "id": room, "title": "x" })),
        ("threadArchive", json!({ "id": room, "archived": true })),
        ("threadJoin", json!({ "id": room })),
        ("threadLeave", json!({ "id": room })),
        ("participantAdd", json!({ "threadId": room, "userId": user })),
        ("participantRemove", json!({ "threadId": room, "userId": user })),
        ("participantSetRole", json!({ "threadId": room, "userId": user, "role": "MEMBER" })),
        ("threadMarkRead", json!({ "threadId": room, "upTo": sent.cursor })),
        ("threadMarkDelivered", json!({ "threadId": room, "upTo": sent.cursor })),
        ("messageSend", json!({ "threadId": room, "content": "x" })),
        ("messageEdit", json!({ "id": message, "content": "x" })),
        ("messageDelete", json!({ "id": message })),
        ("reactionAdd", json!({ "messageId": message, "emoji": "👍" })),
        ("reactionRemove", json!({ "messageId": message, "emoji": "👍" })),
        ("typingSignal", json!({ "threadId": room })),
        ("sessionRevoke", json!({})),
        ("sessionRevoke", json!({ "id": alice.session })),
    ];
    for (mutation, input) in mutations {
        let answer = world.anonymous.graphql(&mutation_document(mutation, ""), json!({ "input": input })).await;
        assert_eq!(answer.error_code(), Some("UNAUTHENTICATED"), "{mutation}: {}", answer.json);
    }
    let thread = alice.thread(&room).await;
    assert_eq!((&thread["title"], &thread["participantCount"]), (&json!("A room"), &json!(1)));
    assert_eq!(alice.message(message, "content").await["content"], "hello");
}

async fn has_no_inbox(world: World) {
    let socket = Socket::connect(&world.server, None).await;
    socket.inbox(None).await.failed("UNAUTHENTICATED").await;
}

async fn sees_nothing_of_its_own_in_a_room(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let sent = alice.send_with(json!({ "threadId": room, "content": "hello", "clientKey": "alice's own" })).await;
    alice.react(&sent, "👍").await;
    let document = "query($id: ID!) { thread(id: $id) { viewerState { role } \
        messages(last: 1) { nodes { clientKey reactions { emoji count viewerHasReacted } } } } }";
    let answer = world.anonymous.graphql(document, json!({ "id": room })).await;
    let reactions = json!([{ "emoji": "👍", "count": 1, "viewerHasReacted": false }]);
    let message = json!({ "clientKey": null, "reactions": reactions });
    assert_eq!(answer.data(), &json!({ "thread": { "viewerState": null, "messages": { "nodes": [message] } } }));
}

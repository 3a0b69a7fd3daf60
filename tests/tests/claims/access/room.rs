//! The row of rooms.

use serde_json::json;
use tests::{Client, Socket, User, World, claims};

claims![
    anyone_reads,
    only_members_see_the_participants,
    members_and_guests_write,
    who_has_not_joined_does_not_write,
    the_creator_is_its_admin,
    admins_manage,
    others_manage_nothing,
    a_guest_makes_none,
    joining_twice_is_joining_once,
];

async fn anyone_reads(world: World) {
    let [alice, stranger] = world.users(["alice", "stranger"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room(&alice).await;
    let start = alice.event_cursor(&room).await;
    let sent = alice.send(&room, "hello, all").await;
    let document = "query($t: ID!, $m: ID!) { thread(id: $t) { kind title messages(last: 5) { nodes { content } } \
        events(first: 100) { frames { cursor } } viewerState { role } } node(id: $m) { ... on Message { content } } \
        rooms(first: 10) { nodes { id } } }";
    let readers: [(&Client, Option<&str>); 3] =
        [(&stranger, Some(&stranger.token)), (&guest, Some(&guest.token)), (&world.anonymous, None)];
    for (client, token) in readers {
        let answer = client.graphql(document, json!({ "t": room, "m": sent.id })).await;
        assert_eq!(answer.ok("/thread/kind"), "ROOM");
        assert_eq!(answer.ok("/thread/messages/nodes"), &json!([{ "content": "hello, all" }]));
        assert!(answer.list("/thread/events/frames").contains(&json!({ "cursor": sent.cursor })));
        assert!(answer.ok("/thread/viewerState").is_null());
        assert_eq!(answer.ok("/node/content"), "hello, all");
        assert_eq!(answer.ok("/rooms/nodes"), &json!([{ "id": room }]));
        let socket = Socket::connect(&world.server, token).await;
        let mut messages = socket.messages(&room, Some(&start)).await;
        assert_eq!(messages.value().await["node"]["content"], "hello, all");
        let mut events = socket.events(&room, Some(&start)).await;
        let frames = events.until("CaughtUp").await;
        assert_eq!(frames.len(), 1, "{frames:?}");
        assert_eq!(frames[0]["cursor"], sent.cursor.as_str());
    }
}

async fn only_members_see_the_participants(world: World) {
    let [alice, stranger] = world.users(["alice", "stranger"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&alice, &[&guest]).await;
    let document = "query($id: ID!) { thread(id: $id) { participantCount participants(first: 10) { \
        totalCount nodes { user { id } } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    for member in [&alice, &guest] {
        let answer = member.graphql(document, json!({ "id": room })).await;
        assert_eq!(answer.ok("/thread/participants/totalCount"), 2);
        assert_eq!(answer.list("/thread/participants/nodes").len(), 2);
    }
    for client in [&*stranger, &world.anonymous] {
        let answer = client.graphql(document, json!({ "id": room })).await;
        let none = json!({ "totalCount": 0, "nodes": [], "edges": [], "pageInfo":
            { "hasNextPage": false, "hasPreviousPage": false, "startCursor": null, "endCursor": null } });
        assert_eq!(answer.ok("/thread/participants"), &none);
        assert_eq!(answer.ok("/thread/participantCount"), 2);
    }
}

async fn members_and_guests_write(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&alice, &[&bob, &guest]).await;
    for (user, other) in [(&alice, &bob), (&bob, &guest), (&guest, &alice)] {
        let sent = user.send(&room, "mine").await;
        user.edit(&sent, "mine, edited").await;
        other.react(&sent, "👍").await;
        other.unreact(&sent, "👍").await;
        other.reply(&room, &sent, "a reply").await;
        other.mark_read(&room, &sent.cursor).await;
        user.try_type(&room).await.ok("/typingSignal");
        assert_eq!(user.thread(&room).await["viewerState"]["canSend"], true);
        user.delete(&sent).await;
    }
}

async fn who_has_not_joined_does_not_write(world: World) {
    let [alice, stranger] = world.users(["alice", "stranger"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room(&alice).await;
    let sent = alice.send(&room, "hello").await;
    for user in [&stranger, &guest] {
        user.try_send(&room, "me too").await.refused("messageSend", "FORBIDDEN", &["threadId"]);
        user.try_react(&sent.id, "👍").await.refused("reactionAdd", "FORBIDDEN", &["messageId"]);
        user.try_unreact(&sent.id, "👍").await.refused("reactionRemove", "FORBIDDEN", &["messageId"]);
        user.try_edit(&sent.id, "changed", None).await.refused("messageEdit", "FORBIDDEN", &["id"]);
        user.try_delete(&sent.id).await.refused("messageDelete", "FORBIDDEN", &["id"]);
        user.try_type(&room).await.refused("typingSignal", "FORBIDDEN", &["threadId"]);
        for mark in ["threadMarkRead", "threadMarkDelivered"] {
            user.try_mark(mark, &room, &sent.cursor).await.refused(mark, "FORBIDDEN", &["threadId"]);
        }
        user.try_leave(&room).await.refused("threadLeave", "FORBIDDEN", &["id"]);
    }
    assert_eq!(alice.history(&room).await.len(), 1);
}

async fn the_creator_is_its_admin(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let own = alice.thread(&room).await;
    assert_eq!((&own["viewerState"]["role"], &own["viewerState"]["canManage"]), (&json!("ADMIN"), &json!(true)));
    let other = bob.thread(&room).await;
    assert_eq!((&other["viewerState"]["role"], &other["viewerState"]["canManage"]), (&json!("MEMBER"), &json!(false)));
}

async fn admins_manage(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    alice.try_set_title(&room, Some("The square")).await.ok("/threadUpdate/cursor");
    assert_eq!(carol.thread(&room).await["title"], "The square");
    alice.add(&room, &carol).await;
    carol.send(&room, "I was added").await;
    alice.set_role(&room, &carol, "ADMIN").await;
    carol.remove(&room, &bob).await;
    bob.try_send(&room, "am I out?").await.refused("messageSend", "NOT_FOUND", &["threadId"]);
    carol.archive(&room).await;
    assert!(
        world
            .anonymous
            .graphql("query($id: ID!) { thread(id: $id) { archivedAt } }", json!({ "id": room }))
            .await
            .ok("/thread/archivedAt")
            .is_string()
    );
    alice.unarchive(&room).await;
    alice.set_role(&room, &carol, "MEMBER").await;
    assert_eq!(carol.thread(&room).await["viewerState"]["canManage"], false);
}

async fn others_manage_nothing(world: World) {
    let [alice, member, stranger] = world.users(["alice", "member", "stranger"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&alice, &[&member, &guest]).await;
    for user in [&member, &guest, &stranger] {
        user.try_set_title(&room, Some("mine")).await.refused("threadUpdate", "FORBIDDEN", &["id"]);
        user.try_archive(&room, true).await.refused("threadArchive", "FORBIDDEN", &["id"]);
        user.try_archive(&room, false).await.refused("threadArchive", "FORBIDDEN", &["id"]);
        user.try_add(&room, &stranger.id).await.refused("participantAdd", "FORBIDDEN", &["threadId"]);
        user.try_remove(&room, &alice.id).await.refused("participantRemove", "FORBIDDEN", &["threadId"]);
        let promoted = user.try_set_role(&room, &member.id, "ADMIN").await;
        promoted.refused("participantSetRole", "FORBIDDEN", &["threadId"]);
    }
    let thread = alice.thread(&room).await;
    assert_eq!(thread["title"], "A room");
    assert!(thread["archivedAt"].is_null());
    assert_eq!(thread["participantCount"], 3);
}

async fn a_guest_makes_none(world: World) {
    let guest: User = world.guest("visitor").await;
    guest.try_create_room("Mine").await.refused_with("threadCreate", "FORBIDDEN");
    assert_eq!(
        world.anonymous.graphql("{ rooms(first: 1) { nodes { id } } }", json!({})).await.ok("/rooms/nodes"),
        &json!([])
    );
}

async fn joining_twice_is_joining_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let before = alice.event_cursor(&room).await;
    assert_eq!(bob.try_join(&room).await.text("/threadJoin/thread/id"), room);
    assert_eq!(alice.thread(&room).await["participantCount"], 2);
    assert_eq!(alice.event_cursor(&room).await, before, "nothing happened, so nothing is in the log");
}

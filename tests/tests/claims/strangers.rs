//! A third who does not take part learns nothing: what is forbidden answers as what does not exist, byte for byte.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::client::mutation_document;
use tests::id::absent;
use tests::{Frame, Socket, Subscription, World, claims};

claims![
    queries_answer_as_for_ids_that_do_not_exist,
    mutations_answer_as_for_ids_that_do_not_exist,
    streams_answer_as_for_ids_that_do_not_exist,
    sessions_of_others_answer_as_ones_that_do_not_exist,
    private_threads_are_in_no_list,
    no_stream_of_a_stranger_hears_of_it,
];

/// What a stranger gets for each of the ids with which `ask` is called, those ids themselves and those of the requests left out.
async fn the_same_for(ids: [&str; 2], what: &str, ask: impl AsyncFn(&str) -> String) {
    let [real, made_up] = ids;
    let plain = |text: String, id: &str| without_request_ids(&text.replace(id, "ID"));
    let (for_real, for_made_up) = (plain(ask(real).await, real), plain(ask(made_up).await, made_up));
    assert_eq!(for_real, for_made_up, "{what} tells that {real} exists");
}

fn without_request_ids(text: &str) -> String {
    let mut parts = text.split("req_");
    let first = parts.next().unwrap_or_default().to_owned();
    // An id is 26 characters long.
    parts.fold(first, |plain, part| plain + part.get(26..).unwrap_or_default())
}

async fn queries_answer_as_for_ids_that_do_not_exist(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let own = world.direct(&mallory, &alice).await;
    mallory.send(&own, "mine").await;
    for thread in [world.direct(&alice, &bob).await, world.group(&alice, &[&bob]).await] {
        let attachment = json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 3 });
        let input = json!({ "threadId": thread, "content": "secret", "clientKey": "k1", "attachments": [attachment] });
        let sent = alice.send_with(input).await;
        let attachment = alice.message(&sent.id, "attachments { id }").await["attachments"][0]["id"].clone();
        let documents = [
            ("query($id: ID!) { thread(id: $id) { id kind title messages(last: 5) { nodes { content } } } }", &thread),
            ("query($id: ID!) { thread(id: $id) { events(first: 5) { frames { cursor } } eventCursor } }", &thread),
            ("query($id: ID!) { thread(id: $id) { participants(first: 5) { totalCount } } }", &thread),
            ("query($id: ID!) { messageByClientKey(threadId: $id, clientKey: \"k1\") { id content } }", &thread),
            ("query($id: ID!) { node(id: $id) { id ... on Thread { title } } }", &thread),
            ("query($id: ID!) { node(id: $id) { id ... on Message { content thread { id } } } }", &sent.id),
            ("query($id: ID!) { nodes(ids: [$id, $id]) { id ... on Message { content } } }", &sent.id),
            (
                "query($id: ID!) { node(id: $id) { id ... on Attachment { url } } }",
                &attachment.as_str().unwrap().to_owned(),
            ),
        ];
        for client in [&*mallory, &world.anonymous] {
            for (document, id) in documents {
                let ask = async |id: &str| {
                    let answer = client.graphql(document, json!({ "id": id })).await;
                    format!("{} {}", answer.status, answer.json)
                };
                the_same_for([id, &absent(id)], document, ask).await;
            }
        }
        let around = "query($own: ID!, $id: ID!) { thread(id: $own) { messages(around: $id) { nodes { content } } } }";
        let ask = async |id: &str| mallory.graphql(around, json!({ "own": own, "id": id })).await.json.to_string();
        the_same_for([&sent.id, &absent(&sent.id)], around, ask).await;
    }
}

async fn mutations_answer_as_for_ids_that_do_not_exist(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let own = world.direct(&mallory, &alice).await;
    let cursor = mallory.send(&own, "mine").await.cursor;
    for thread in [world.direct(&alice, &bob).await, world.group(&alice, &[&bob]).await] {
        let sent = alice.send(&thread, "secret").await;
        let before = alice.event_cursor(&thread).await;
        let of_thread: [(&str, Value); 13] = [
            ("threadUpdate", json!({ "id": "ID", "title": "x" })),
            ("threadArchive", json!({ "id": "ID", "archived": true })),
            ("threadJoin", json!({ "id": "ID" })),
            ("threadLeave", json!({ "id": "ID" })),
            ("participantAdd", json!({ "threadId": "ID", "userId": mallory.id })),
            ("participantRemove", json!({ "threadId": "ID", "userId": bob.id })),
            ("participantSetRole", json!({ "threadId": "ID", "userId": mallory.id, "role": "ADMIN" })),
            ("threadMarkRead", json!({ "threadId": "ID", "upTo": cursor })),
            ("threadMarkDelivered", json!({ "threadId": "ID", "upTo": sent.cursor })),
            ("messageSend", json!({ "threadId": "ID", "content": "x" })),
            ("messageSend", json!({ "threadId": "ID", "content": "x", "parentId": sent.id, "clientKey": "k" })),
            ("messageSend", json!({ "threadId": "ID", "content": "" })),
            ("typingSignal", json!({ "threadId": "ID" })),
        ];
        let of_message: [(&str, Value); 5] = [
            ("messageEdit", json!({ "id": "ID", "content": "x" })),
            ("messageEdit", json!({ "id": "ID", "content": "x", "expectedVersion": 7 })),
            ("messageDelete", json!({ "id": "ID" })),
            ("reactionAdd", json!({ "messageId": "ID", "emoji": "👍" })),
            ("reactionRemove", json!({ "messageId": "ID", "emoji": "👍" })),
        ];
        let all = of_thread.iter().map(|one| (&thread, one)).chain(of_message.iter().map(|one| (&sent.id, one)));
        for (id, (mutation, input)) in all {
            let ask = async |id: &str| {
                let input: Value =
                    serde_json::from_str(&input.to_string().replace("\"ID\"", &format!("\"{id}\""))).unwrap();
                let answer = mallory.graphql(&mutation_document(mutation, ""), json!({ "input": input })).await;
                assert!(!answer.user_errors(mutation).is_empty(), "{mutation} is refused");
                format!("{} {}", answer.status, answer.json)
            };
            the_same_for([id, &absent(id)], mutation, ask).await;
        }
        assert_eq!(alice.event_cursor(&thread).await, before, "and none of it is in the log");
        let document = "query($t: ID!) { thread(id: $t) { messages(last: 5) { nodes { content } } } }";
        let messages = alice.graphql(document, json!({ "t": thread })).await;
        assert_eq!(messages.ok("/thread/messages/nodes"), &json!([{ "content": "secret" }]));
    }
}

async fn streams_answer_as_for_ids_that_do_not_exist(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let own = world.direct(&mallory, &alice).await;
    let of_own = mallory.send(&own, "mine").await.cursor;
    for thread in [world.direct(&alice, &bob).await, world.group(&alice, &[&bob]).await] {
        alice.send(&thread, "secret").await;
        for token in [Some(mallory.token.as_str()), None] {
            let socket = Socket::connect(&world.server, token).await;
            // A cursor that fits neither thread is refused as such, and that too is the same for both.
            for after in [None, Some(of_own.as_str())] {
                let ask = async |id: &str| refusal(socket.messages(id, after).await).await;
                the_same_for([&thread, &absent(&thread)], "messageAdded", ask).await;
                let ask = async |id: &str| refusal(socket.events(id, after).await).await;
                the_same_for([&thread, &absent(&thread)], "threadEvents", ask).await;
            }
            let ask = async |id: &str| refusal(socket.signals(id).await).await;
            the_same_for([&thread, &absent(&thread)], "threadSignals", ask).await;
        }
    }
}

async fn sessions_of_others_answer_as_ones_that_do_not_exist(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let ask = async |id: &str| mallory.revoke_session(Some(id)).await.json.to_string();
    the_same_for([&alice.session, &absent(&alice.session)], "sessionRevoke", ask).await;
    assert!(alice.graphql("{ viewer { email } }", Value::Null).await.ok("/viewer/email").is_string());
}

async fn private_threads_are_in_no_list(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let direct = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send(&direct, "secret").await;
    alice.send(&group, "secret").await;
    let document = "{ rooms(first: 100) { nodes { id } } viewer { unreadThreadCount threads(first: 100) { nodes { id } } \
        archived: threads(archived: true, first: 100) { nodes { id } } } }";
    let answer = mallory.graphql(document, Value::Null).await;
    let none = json!({ "nodes": [] });
    let expected = json!({ "rooms": none, "viewer": { "unreadThreadCount": 0, "threads": none, "archived": none } });
    assert_eq!(answer.data(), &expected);
}

async fn no_stream_of_a_stranger_hears_of_it(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let secret = world.group(&alice, &[&bob]).await;
    let shared = world.group(&alice, &[&mallory]).await;
    let socket = world.socket(&mallory).await;
    let mut inbox = socket.inbox(None).await;
    let start = mallory.event_cursor(&shared).await;
    let mut events = socket.events(&shared, Some(&start)).await;
    let mut messages = socket.messages(&shared, Some(&start)).await;
    inbox.until("InboxCaughtUp").await;
    events.until("CaughtUp").await;
    join_all((0..10).map(|_| alice.send(&secret, "secret"))).await;
    alice.try_type(&secret).await.ok("/typingSignal");
    let marker = alice.send(&shared, "a marker").await;
    assert_eq!(messages.value().await["cursor"], marker.cursor.as_str());
    assert_eq!(events.event().await["cursor"], marker.cursor.as_str());
    assert_eq!(inbox.event().await["thread"]["id"], shared.as_str());
}

/// How a stream that has to be refused is refused.
async fn refusal(mut stream: Subscription) -> String {
    match stream.next().await {
        Frame::Error(errors) => errors.to_string(),
        other => panic!("an error is expected, not {other:?}"),
    }
}

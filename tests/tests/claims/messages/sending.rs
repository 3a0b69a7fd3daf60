//! What one sends, the other gets.

use serde_json::json;
use tests::{World, claims};

claims![
    what_one_sends_the_other_gets_by_page_and_live,
    content_comes_back_as_it_was_sent,
    metadata_comes_back_as_it_was_sent,
    a_sent_message_is_as_its_payload_says,
    the_cursor_of_a_send_is_that_of_its_edge_and_of_its_frame,
    cursors_are_of_one_length_and_sort_as_the_messages_do,
    many_senders_at_once_give_one_order_for_all,
    replies_are_found_by_their_parent,
    the_thread_tells_of_its_last_message,
];

async fn what_one_sends_the_other_gets_by_page_and_live(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = bob.event_cursor(&thread).await;
    let missed = alice.send(&thread, "while bob was away").await;
    let socket = world.socket(&bob).await;
    let mut messages = socket.messages(&thread, Some(&start)).await;
    let first = messages.value().await;
    assert_eq!((&first["cursor"], &first["node"]["content"]), (&json!(missed.cursor), &json!("while bob was away")));
    let live = alice.send(&thread, "now").await;
    let second = messages.value().await;
    assert_eq!((&second["cursor"], &second["node"]["content"]), (&json!(live.cursor), &json!("now")));
    assert_eq!(second["node"]["sender"]["id"], alice.id.as_str());
    let page = bob.history(&thread).await;
    assert_eq!(page, [(missed.cursor, first["node"].clone()), (live.cursor, second["node"].clone())]);
}

async fn content_comes_back_as_it_was_sent(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let contents = [
        "plain",
        "two\nlines\tand a tab",
        "\"quotes\", 'single', \\backslashes\\ and `ticks`",
        "'; DROP TABLE messages; --",
        "<b>markup</b> &amp; {{ templates }} ${x} %s",
        "مرحبا بالعالم",
        "e\u{301} is not \u{e9}",
        "👩‍👩‍👧‍👦 🇩🇪 1️⃣",
        "\u{202e}right to left\u{202c}",
        "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    ];
    for content in contents {
        let sent = alice.send(&thread, content).await;
        assert_eq!(bob.message(&sent.id, "content").await["content"], content);
    }
}

async fn metadata_comes_back_as_it_was_sent(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let metadata = json!({ "string": "ä\n\"", "integer": -12, "float": 1.5, "true": true, "null": null,
        "list": [1, "two", [3], {}], "object": { "deep": { "er": [] } }, "": "an empty key" });
    let input = json!({ "threadId": thread, "content": "with metadata", "metadata": metadata });
    let sent = alice.send_with(input).await;
    assert_eq!(bob.message(&sent.id, "metadata").await["metadata"], metadata);
    let plain = alice.send(&thread, "without").await;
    assert!(bob.message(&plain.id, "metadata").await["metadata"].is_null());
}

async fn a_sent_message_is_as_its_payload_says(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let answer = alice.try_send(&thread, "hello").await;
    let message = answer.ok("/messageSend/message");
    let id = message["id"].as_str().unwrap();
    assert!(id.starts_with("msg_") && id.len() == 30, "an id reads msg_ and 26 characters: {id}");
    assert!(message["createdAt"].is_string());
    let mut expected = json!({ "thread": { "id": thread }, "sender": { "id": alice.id }, "content": "hello",
        "parent": null, "replyCount": 0, "attachments": [], "reactions": [], "metadata": null, "version": 1,
        "editedAt": null, "deletedAt": null, "clientKey": null, "status": "SENT" });
    for field in ["id", "createdAt", "revisions"] {
        expected[field] = message[field].clone();
    }
    assert_eq!(message, &expected);
    let select = format!("{} clientKey status", tests::message::MESSAGE);
    assert_eq!(&bob.message(id, &select).await, message, "and so everyone sees it");
}

async fn the_cursor_of_a_send_is_that_of_its_edge_and_of_its_frame(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let sent = alice.send(&thread, "hello").await;
    assert_eq!(alice.event_cursor(&thread).await, sent.cursor);
    assert_eq!(bob.history(&thread).await[0].0, sent.cursor);
    let frames = bob.all_events(&thread, Some(&start)).await;
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0]["__typename"], "MessagePosted");
    assert_eq!(frames[0]["cursor"], sent.cursor.as_str());
    assert_eq!(frames[0]["message"]["id"], sent.id.as_str());
}

async fn cursors_are_of_one_length_and_sort_as_the_messages_do(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut cursors = vec![alice.event_cursor(&thread).await];
    for _ in 0..150 {
        cursors.push(alice.send(&thread, "x").await.cursor);
    }
    assert!(cursors.iter().all(|cursor| cursor.len() == cursors[0].len()), "{cursors:?}");
    assert!(cursors.is_sorted_by(|one, next| one < next), "{cursors:?}");
}

async fn many_senders_at_once_give_one_order_for_all(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&bob, &carol, &dave]).await;
    let start = alice.event_cursor(&group).await;
    let socket = world.socket(&alice).await;
    let mut live = socket.messages(&group, Some(&start)).await;
    let send = async |user: &tests::User| user.send_many(&group, 25).await;
    let (a, b, c, d) = tokio::join!(send(&alice), send(&bob), send(&carol), send(&dave));
    let mut sent: Vec<_> = [a, b, c, d].concat();
    sent.sort();
    let expected: Vec<_> = sent.into_iter().map(|sent| (sent.cursor, sent.id)).collect();
    let of = |edge: &serde_json::Value| {
        (edge["cursor"].as_str().unwrap().to_owned(), edge["node"]["id"].as_str().unwrap().to_owned())
    };
    for user in [&alice, &dave] {
        let history = user.history(&group).await;
        let seen: Vec<_> =
            history.iter().map(|(cursor, node)| (cursor.clone(), node["id"].as_str().unwrap().to_owned())).collect();
        assert_eq!(seen, expected);
    }
    let mut streamed = Vec::new();
    for _ in 0..expected.len() {
        streamed.push(of(&live.value().await));
    }
    assert_eq!(streamed, expected);
}

async fn replies_are_found_by_their_parent(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let parent = alice.send(&thread, "a question").await;
    let other = alice.send(&thread, "another").await;
    let mut replies = Vec::new();
    for number in 0..5 {
        replies.push(json!({ "id": bob.reply(&thread, &parent, &number.to_string()).await.id }));
    }
    let select = "replyCount replies(first: 10) { nodes { id } }";
    let expected = json!({ "replyCount": 5, "replies": { "nodes": replies } });
    assert_eq!(alice.message(&parent.id, select).await, expected);
    assert_eq!(alice.message(&other.id, select).await, json!({ "replyCount": 0, "replies": { "nodes": [] } }));
    assert_eq!(alice.history(&thread).await.len(), 7, "replies stand in the thread like every message");
}

async fn the_thread_tells_of_its_last_message(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let empty = alice.thread(&thread).await;
    assert!(empty["lastMessage"].is_null() && empty["lastMessageAt"].is_null(), "{empty}");
    alice.send(&thread, "one").await;
    let last = bob.send(&thread, "two").await;
    alice.react(&last, "👍").await;
    let now = alice.thread(&thread).await;
    assert_eq!(now["lastMessage"]["id"], last.id.as_str());
    assert_eq!(now["lastMessageAt"], alice.message(&last.id, "createdAt").await["createdAt"]);
}

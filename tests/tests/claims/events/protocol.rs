//! What is answered, and how it is written.

use serde_json::{Value, json};
use tests::events::Asking;
use tests::{Events, Frame, World, claims};

claims![
    an_answer_is_a_next_and_a_complete,
    errors_are_told_in_a_stream,
    an_event_source_asks_by_get,
    events_of_a_stream_have_its_cursors_as_ids,
    what_can_not_be_resumed_has_no_ids,
];

async fn an_answer_is_a_next_and_a_complete(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut events = Events::ask(&world.server, Some(&alice.token), "{ viewer { user { id } } }", Value::Null).await;
    assert_eq!(events.head.status, 200);
    assert_eq!(events.head.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(events.head.header("cache-control"), Some("no-store"));
    assert_eq!(events.head.header("content-encoding"), None);
    assert_eq!(events.value().await, json!({ "user": { "id": alice.id } }));
    events.completed().await;
    let document = "mutation($t: ID!) { messageSend(input: { threadId: $t, content: \"line\\nbreaks\\r\\n\\n\" }) { \
        message { content } errors { code } } }";
    let mut events = Events::ask(&world.server, Some(&alice.token), document, json!({ "t": thread })).await;
    let expected = json!({ "message": { "content": "line\nbreaks\r\n\n" }, "errors": [] });
    assert_eq!(events.value().await, expected, "what breaks lines breaks no event");
    events.completed().await;
    assert_eq!(alice.history(&thread).await.len(), 1, "it is executed once");
}

async fn errors_are_told_in_a_stream(world: World) {
    let alice = world.user("alice").await;
    for (token, document, code) in [
        (None, "{ nothing }", "INVALID"),
        (None, "{", "INVALID"),
        (None, "subscription { inboxChanges { cursor } }", "UNAUTHENTICATED"),
        (Some(&alice.token), "subscription { threadEvents(threadId: \"x\") { cursor } }", "INVALID"),
        (Some(&alice.token), "subscription { inboxChanges(after: \"x\") { cursor } }", "INVALID"),
        (None, "{ rooms(first: 100) { nodes { messages(last: 100) { nodes { id } } } } }", "TOO_EXPENSIVE"),
    ] {
        let mut events = Events::ask(&world.server, token.map(String::as_str), document, Value::Null).await;
        assert_eq!(events.head.status, 200, "{document}: an EventSource gives up on anything else");
        let payload = events.failed(code).await;
        assert!(payload["errors"][0]["message"].is_string(), "{payload}");
    }
    // An error of a field comes with the rest of the answer.
    let document = "{ __typename node(id: \"x\") { id } }";
    let mut events = Events::ask(&world.server, None, document, Value::Null).await;
    let Frame::Next(payload) = events.next().await else { panic!("an answer is expected") };
    assert_eq!((&payload["data"]["__typename"], &payload["errors"][0]["path"]), (&json!("Query"), &json!(["node"])));
    events.completed().await;
    // Who is not known is told so by the status: it would come back with the same token for ever.
    let asking = Asking { token: Some("nonsense"), ..Asking::default() };
    let events = Events::ask_as(&world.server, asking, json!({ "query": "{ __typename }" })).await;
    assert_eq!(events.head.status, 401);
}

async fn an_event_source_asks_by_get(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let asking = Asking { token: Some(&alice.token), ..Asking::default() };
    let document = "subscription($t: ID!) { messageAdded(threadId: $t) { cursor node { content } } }";
    let mut events = Events::get(&world.server, asking, document, json!({ "t": thread })).await;
    assert_eq!(
        (events.head.status, events.head.header("content-type")),
        (200, Some("text/event-stream; charset=utf-8"))
    );
    // Live once it has begun: what is sent until then may be before it.
    let sent = loop {
        let sent = bob.send(&thread, "hello").await;
        if let Ok(edge) = tokio::time::timeout(std::time::Duration::from_secs(1), events.value()).await {
            break (sent, edge);
        }
    };
    assert_eq!(sent.1, json!({ "cursor": sent.0.cursor, "node": { "content": "hello" } }));
    assert_eq!(events.last_id.as_deref(), Some(sent.0.cursor.as_str()));
    let mut query = Events::get(&world.server, asking, "query { __typename }", Value::Null).await;
    assert_eq!(query.value().await, "Query");
    query.completed().await;
    let refused = Events::get(&world.server, asking, "mutation { nothing }", Value::Null).await;
    assert!(matches!(refused.head.status, 200 | 405));
}

async fn events_of_a_stream_have_its_cursors_as_ids(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let after = alice.event_cursor(&thread).await;
    let sent = bob.send_many(&thread, 3).await;
    let documents = [
        "subscription($t: ID!, $a: Cursor) { messageAdded(threadId: $t, after: $a) { at: cursor } }",
        "subscription($t: ID!, $a: Cursor) { e: threadEvents(threadId: $t, after: $a, kinds: [MESSAGE_POSTED]) { at: cursor } }",
    ];
    for document in documents {
        let variables = json!({ "t": thread, "a": after });
        let mut events = Events::ask(&world.server, Some(&alice.token), document, variables).await;
        for one in &sent {
            assert_eq!(events.value().await["at"], one.cursor.as_str());
            assert_eq!(events.last_id.as_deref(), Some(one.cursor.as_str()), "{document}");
        }
    }
    // Also where the document does not ask for cursors.
    let document = "subscription($t: ID!, $a: Cursor) { messageAdded(threadId: $t, after: $a) { node { content } } }";
    let variables = json!({ "t": thread, "a": after });
    let mut events = Events::ask(&world.server, Some(&alice.token), document, variables).await;
    events.value().await;
    assert_eq!(events.last_id.as_deref(), Some(sent[0].cursor.as_str()));
    let document = "subscription { inboxChanges { __typename cursor } }";
    let mut inbox = Events::ask(&world.server, Some(&alice.token), document, Value::Null).await;
    for expected in ["InboxCaughtUp", "InboxThread"] {
        let frame = inbox.event().await;
        assert_eq!(frame["__typename"], expected);
        assert_eq!(inbox.last_id.as_deref(), frame["cursor"].as_str());
        bob.send(&thread, "hello").await;
    }
}

async fn what_can_not_be_resumed_has_no_ids(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let document = "subscription($t: ID!) { threadSignals(threadId: $t) { __typename } }";
    let mut events = Events::ask(&world.server, Some(&alice.token), document, json!({ "t": thread })).await;
    assert_eq!(events.value().await["__typename"], "Presence");
    bob.try_type(&thread).await.ok("/typingSignal");
    while events.value().await["__typename"] != "Typing" {}
    assert_eq!(events.last_id, None);
    let mut query = Events::ask(&world.server, None, "{ __typename }", Value::Null).await;
    query.value().await;
    assert_eq!(query.last_id, None);
}

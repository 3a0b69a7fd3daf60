//! Ids in inputs: malformed ones and ones of another type are told by their place.

use serde_json::{Value, json};
use tests::client::mutation_document;
use tests::id::{MALFORMED, absent};
use tests::{World, claims};

claims![
    malformed_ids_are_refused_at_their_place,
    ids_of_another_type_are_refused_at_their_place,
    well_formed_ids_that_name_nothing_are_not_found_at_their_place,
    streams_refuse_malformed_ids,
];

/// Every id in an input: the mutation, the input around it with `HERE` for it, its place, and the type it has.
fn places(thread: &str, user: &str) -> Vec<(&'static str, Value, Vec<&'static str>, &'static str)> {
    let thread_id = |mutation, more: Value| {
        let mut input = more;
        input["threadId"] = json!("HERE");
        (mutation, input, vec!["threadId"], "thr")
    };
    let user_id = |mutation, more: Value| {
        let mut input = more;
        input["threadId"] = json!(thread);
        input["userId"] = json!("HERE");
        (mutation, input, vec!["userId"], "usr")
    };
    vec![
        ("sessionRevoke", json!({ "id": "HERE" }), vec!["id"], "ses"),
        ("threadCreate", json!({ "direct": { "userId": "HERE" } }), vec!["direct", "userId"], "usr"),
        (
            "threadCreate",
            json!({ "group": { "participantIds": [user, "HERE"] } }),
            vec!["group", "participantIds", "1"],
            "usr",
        ),
        ("threadUpdate", json!({ "id": "HERE", "title": "x" }), vec!["id"], "thr"),
        ("threadArchive", json!({ "id": "HERE", "archived": true }), vec!["id"], "thr"),
        ("threadJoin", json!({ "id": "HERE" }), vec!["id"], "thr"),
        ("threadLeave", json!({ "id": "HERE" }), vec!["id"], "thr"),
        thread_id("participantAdd", json!({ "userId": user })),
        thread_id("participantRemove", json!({ "userId": user })),
        thread_id("participantSetRole", json!({ "userId": user, "role": "ADMIN" })),
        user_id("participantAdd", json!({})),
        user_id("participantRemove", json!({})),
        user_id("participantSetRole", json!({ "role": "ADMIN" })),
        thread_id("messageSend", json!({ "content": "x" })),
        ("messageSend", json!({ "threadId": thread, "content": "x", "parentId": "HERE" }), vec!["parentId"], "msg"),
        ("messageEdit", json!({ "id": "HERE", "content": "x" }), vec!["id"], "msg"),
        ("messageDelete", json!({ "id": "HERE" }), vec!["id"], "msg"),
        ("reactionAdd", json!({ "messageId": "HERE", "emoji": "👍" }), vec!["messageId"], "msg"),
        ("reactionRemove", json!({ "messageId": "HERE", "emoji": "👍" }), vec!["messageId"], "msg"),
        thread_id("typingSignal", json!({})),
    ]
}

fn with(input: &Value, id: &str) -> Value {
    match input {
        Value::String(text) if text == "HERE" => json!(id),
        Value::Array(items) => items.iter().map(|item| with(item, id)).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), with(value, id))).collect(),
        other => other.clone(),
    }
}

async fn malformed_ids_are_refused_at_their_place(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    for (mutation, input, path, _) in places(&group, &bob.id) {
        for id in MALFORMED {
            let variables = json!({ "input": with(&input, id) });
            let answer = alice.graphql(&mutation_document(mutation, ""), variables).await;
            answer.refused(mutation, "INVALID", &path);
        }
    }
    let sent = alice.send(&group, "x").await;
    for mark in ["threadMarkRead", "threadMarkDelivered"] {
        for id in MALFORMED {
            alice.try_mark(mark, id, &sent.cursor).await.refused(mark, "INVALID", &["threadId"]);
        }
    }
}

async fn ids_of_another_type_are_refused_at_their_place(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "x").await;
    let ids = [&alice.session, &bob.id, &group, &sent.id];
    for (mutation, input, path, prefix) in places(&group, &bob.id) {
        for id in ids.iter().filter(|id| !id.starts_with(prefix)) {
            let variables = json!({ "input": with(&input, id) });
            let answer = alice.graphql(&mutation_document(mutation, ""), variables).await;
            answer.refused(mutation, "INVALID", &path);
        }
    }
}

async fn well_formed_ids_that_name_nothing_are_not_found_at_their_place(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "x").await;
    let ids = [&alice.session, &bob.id, &group, &sent.id];
    for (mutation, input, path, prefix) in places(&group, &bob.id) {
        if path == ["parentId"] {
            continue; // access::replies tells what a parent that does not exist answers
        }
        let id = absent(ids.iter().find(|id| id.starts_with(prefix)).unwrap());
        let variables = json!({ "input": with(&input, &id) });
        let answer = alice.graphql(&mutation_document(mutation, ""), variables).await;
        answer.refused(mutation, "NOT_FOUND", &path);
    }
}

async fn streams_refuse_malformed_ids(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "x").await;
    let socket = world.socket(&alice).await;
    for id in MALFORMED.iter().copied().chain([alice.id.as_str(), &sent.id]) {
        for mut stream in [socket.messages(id, None).await, socket.events(id, None).await, socket.signals(id).await] {
            let errors = stream.failed("INVALID").await;
            assert!(errors[0]["message"].as_str().unwrap_or_default().contains("threadId"), "{errors}");
        }
    }
}

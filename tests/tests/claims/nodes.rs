//! `node` and `nodes`: anything by its id, if one may see it.

use serde_json::{Value, json};
use tests::id::{MALFORMED, absent, with_prefix};
use tests::{World, claims};

claims![
    each_type_is_found_by_its_id,
    nodes_come_in_the_order_asked_for,
    an_id_that_does_not_exist_gives_null,
    a_malformed_id_is_refused_by_name,
    an_id_of_another_type_is_refused_by_name,
];

async fn each_type_is_found_by_its_id(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let attachment = json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 3 });
    let sent = alice.send_with(json!({ "threadId": thread, "content": "x", "attachments": [attachment] })).await;
    let message = alice.message(&sent.id, "attachments { id }").await;
    let attachment = message["attachments"][0]["id"].as_str().unwrap();
    let document = "query($id: ID!) { node(id: $id) { __typename id } nodes(ids: [$id]) { __typename id } }";
    for (typename, id) in
        [("User", bob.id.as_str()), ("Thread", &thread), ("Message", &sent.id), ("Attachment", attachment)]
    {
        let expected = json!({ "__typename": typename, "id": id });
        let answer = alice.graphql(document, json!({ "id": id })).await;
        assert_eq!(answer.data(), &json!({ "node": expected, "nodes": [expected] }));
    }
}

async fn nodes_come_in_the_order_asked_for(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 3).await;
    let missing = absent(&sent[0].id);
    let ids = [&sent[2].id, &bob.id, &missing, &sent[0].id, &thread, &sent[2].id, &sent[1].id];
    let document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let answer = alice.graphql(document, json!({ "ids": ids })).await;
    let expected: Vec<_> =
        ids.iter().map(|id| if **id == missing { Value::Null } else { json!({ "id": id }) }).collect();
    assert_eq!(answer.ok("/nodes"), &json!(expected));
    assert_eq!(alice.graphql(document, json!({ "ids": [] })).await.ok("/nodes"), &json!([]));
}

async fn an_id_that_does_not_exist_gives_null(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "x").await;
    let attachment = with_prefix("att", &sent.id);
    for id in [absent(&alice.id), absent(&thread), absent(&sent.id), attachment] {
        let document = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }";
        let answer = alice.graphql(document, json!({ "id": id })).await;
        assert_eq!(answer.data(), &json!({ "node": null, "nodes": [null] }));
    }
    let document = "query($t: ID!, $u: ID!) { thread(id: $t) { id } user(by: { id: $u }) { id } \
        messageByClientKey(threadId: $t, clientKey: \"k\") { id } }";
    let answer = alice.graphql(document, json!({ "t": absent(&thread), "u": absent(&bob.id) })).await;
    assert_eq!(answer.data(), &json!({ "thread": null, "user": null, "messageByClientKey": null }));
}

async fn a_malformed_id_is_refused_by_name(world: World) {
    let alice = world.user("alice").await;
    for id in MALFORMED {
        for (document, argument) in DOCUMENTS {
            refused_by_name(&world, &alice, document, id, argument).await;
        }
    }
}

async fn an_id_of_another_type_is_refused_by_name(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "x").await;
    for (document, argument) in DOCUMENTS {
        let wrong: &[&String] = match *argument {
            "threadId" => &[&alice.id, &sent.id, &alice.session],
            "by" => &[&thread, &sent.id, &alice.session],
            _ if document.contains("thread(id: $id)") => &[&alice.id, &sent.id, &alice.session],
            // These take every type that is a Node; a session is none.
            _ => &[&alice.session],
        };
        for id in wrong {
            refused_by_name(&world, &alice, document, id, argument).await;
        }
    }
}

/// Every query argument that takes an id, and what the error has to name.
const DOCUMENTS: &[(&str, &str)] = &[
    ("query($id: ID!) { node(id: $id) { id } }", "id"),
    ("query($id: ID!) { nodes(ids: [$id]) { id } }", "ids"),
    ("query($id: ID!) { thread(id: $id) { id } }", "id"),
    ("query($id: ID!) { user(by: { id: $id }) { id } }", "by"),
    ("query($id: ID!) { messageByClientKey(threadId: $id, clientKey: \"k\") { id } }", "threadId"),
];

async fn refused_by_name(world: &World, alice: &tests::User, document: &str, id: &str, argument: &str) {
    for client in [&**alice, &world.anonymous] {
        let answer = client.graphql(document, json!({ "id": id })).await;
        assert_eq!(answer.error_code(), Some("INVALID"), "{document} with {id:?}: {}", answer.json);
        let message = answer.json["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(argument), "{document} with {id:?}: the error names {argument}: {message}");
    }
}

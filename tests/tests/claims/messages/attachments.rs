//! Attachments: what a message carries beside its text.

use serde_json::json;
use tests::{World, claims};

claims![
    attachments_come_back_in_order_and_as_they_were_sent,
    an_attachment_is_a_node,
    an_attachment_is_out_of_sight_with_its_message,
];

async fn attachments_come_back_in_order_and_as_they_were_sent(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let attachments = json!([
        { "url": "https://example.org/z.png", "type": "image/png", "name": "z.png", "size": 123_456,
          "metadata": { "width": 640, "nested": { "list": [1, null] } } },
        { "url": "https://example.org/a%20b.pdf?x=1#page=2", "type": "application/pdf", "name": "Über uns.pdf", "size": 0,
          "metadata": null },
        { "url": "https://example.org/m.ogg", "type": "audio/ogg", "name": "🎵.ogg", "size": 2_147_483_647,
          "metadata": {} },
    ]);
    let sent = alice.send_with(json!({ "threadId": thread, "content": "three", "attachments": attachments })).await;
    let message = bob.message(&sent.id, "attachments { url type name size metadata }").await;
    assert_eq!(message["attachments"], attachments);
    let plain = alice.send(&thread, "none").await;
    assert_eq!(bob.message(&plain.id, "attachments { id }").await["attachments"], json!([]));
}

async fn an_attachment_is_a_node(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let attachment = json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 3 });
    let sent = alice.send_with(json!({ "threadId": thread, "content": "one", "attachments": [attachment] })).await;
    let message = bob.message(&sent.id, "attachments { id url type name size metadata createdAt }").await;
    let expected = &message["attachments"][0];
    let id = expected["id"].as_str().unwrap();
    assert!(id.starts_with("att_") && id.len() == 30, "{id}");
    let document =
        "query($id: ID!) { node(id: $id) { ... on Attachment { id url type name size metadata createdAt } } }";
    for user in [&alice, &bob] {
        assert_eq!(user.graphql(document, json!({ "id": id })).await.ok("/node"), expected);
    }
}

async fn an_attachment_is_out_of_sight_with_its_message(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let attachment = json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 3 });
    let sent = alice.send_with(json!({ "threadId": group, "content": "one", "attachments": [attachment] })).await;
    let message = bob.message(&sent.id, "attachments { id }").await;
    let id = &message["attachments"][0]["id"];
    let document = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }";
    let nothing = json!({ "node": null, "nodes": [null] });
    for client in [&*mallory, &world.anonymous] {
        assert_eq!(client.graphql(document, json!({ "id": id })).await.data(), &nothing);
    }
    alice.remove(&group, &bob).await;
    assert_eq!(bob.graphql(document, json!({ "id": id })).await.data(), &nothing);
    assert_eq!(alice.graphql(document, json!({ "id": id })).await.ok("/node"), &json!({ "id": id }));
}

//! Inputs of messages and reactions.

use serde_json::{Value, json};
use tests::{User, World, claims};

claims![
    content_is_checked,
    content_is_counted_in_characters,
    client_keys_are_checked,
    attachments_are_checked,
    too_many_attachments_are_refused,
    what_is_no_emoji_is_refused,
    a_refused_message_leaves_nothing_behind,
];

async fn content_is_checked(world: World) {
    let (alice, thread) = start(&world).await;
    let sent = alice.send(&thread, "as it was").await;
    let long = "x".repeat(4_001);
    for (content, code) in [("", "BLANK"), (" \n\t\u{a0}", "BLANK"), (&*long, "TOO_LONG"), ("a\u{0}b", "INVALID")] {
        alice.try_send(&thread, content).await.refused("messageSend", code, &["content"]);
        alice.try_edit(&sent.id, content, None).await.refused("messageEdit", code, &["content"]);
    }
    assert_eq!(alice.message(&sent.id, "content version").await, json!({ "content": "as it was", "version": 1 }));
}

async fn content_is_counted_in_characters(world: World) {
    let (alice, thread) = start(&world).await;
    for one in ["x", "ä", "𝔘"] {
        let sent = alice.send(&thread, &one.repeat(4_000)).await;
        assert_eq!(alice.message(&sent.id, "content").await["content"], one.repeat(4_000));
        alice.try_send(&thread, &one.repeat(4_001)).await.refused("messageSend", "TOO_LONG", &["content"]);
        alice.edit(&sent, &one.repeat(4_000)).await;
    }
}

async fn client_keys_are_checked(world: World) {
    let (alice, thread) = start(&world).await;
    for (key, code) in [(String::new(), "BLANK"), ("x".repeat(10_000), "TOO_LONG"), ("a\u{0}b".into(), "INVALID")] {
        let input = json!({ "threadId": thread, "content": "x", "clientKey": key });
        alice.try_send_with(input).await.refused("messageSend", code, &["clientKey"]);
    }
}

async fn attachments_are_checked(world: World) {
    let (alice, thread) = start(&world).await;
    let good = json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 3 });
    let faults = [
        ("url", json!(""), "BLANK"),
        ("url", json!("not a url"), "INVALID"),
        ("url", json!("javascript:alert(1)"), "INVALID"),
        ("url", json!("data:text/html,<script>alert(1)</script>"), "INVALID"),
        ("url", json!("file:///etc/passwd"), "INVALID"),
        ("url", json!(format!("https://example.org/{}", "x".repeat(10_000))), "TOO_LONG"),
        ("url", json!("https://example.org/\u{0}"), "INVALID"),
        ("type", json!(""), "BLANK"),
        ("type", json!("x".repeat(10_000)), "TOO_LONG"),
        ("type", json!("image/\u{0}"), "INVALID"),
        ("name", json!(""), "BLANK"),
        ("name", json!("  "), "BLANK"),
        ("name", json!("x".repeat(10_000)), "TOO_LONG"),
        ("name", json!("a\u{0}b"), "INVALID"),
        ("size", json!(-1), "INVALID"),
        ("size", json!(i32::MIN), "INVALID"),
    ];
    for (field, value, code) in faults {
        let mut bad = good.clone();
        bad[field] = value;
        let input = json!({ "threadId": thread, "content": "x", "attachments": [good, bad] });
        alice.try_send_with(input).await.refused("messageSend", code, &["attachments", "1", field]);
    }
    let input = json!({ "threadId": thread, "content": "x", "attachments": [good, good] });
    alice.send_with(input).await;
}

async fn too_many_attachments_are_refused(world: World) {
    let (alice, thread) = start(&world).await;
    let one = json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 3 });
    let input = json!({ "threadId": thread, "content": "x", "attachments": vec![one; 500] });
    let answer = alice.try_send_with(input).await;
    let errors = answer.user_errors("messageSend");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(["TOO_LONG", "INVALID"].contains(&errors[0].code.as_str()), "{errors:?}");
    assert_eq!(errors[0].path, ["attachments"]);
    assert!(alice.history(&thread).await.is_empty());
}

async fn what_is_no_emoji_is_refused(world: World) {
    let (alice, thread) = start(&world).await;
    let sent = alice.send(&thread, "x").await;
    let none = ["a", "1", ":thumbsup:", "👍👍", "👍 ", " 👍", "👍a", "é", "\u{200d}", "\u{fe0f}", "a\u{0}b", "<b>"];
    for emoji in none {
        alice.try_react(&sent.id, emoji).await.refused("reactionAdd", "INVALID", &["emoji"]);
    }
    let answer = alice.try_react(&sent.id, "").await;
    assert_eq!(answer.user_errors("reactionAdd")[0].path, ["emoji"]);
    let answer = alice.try_react(&sent.id, &"👍".repeat(10_000)).await;
    assert_eq!(answer.user_errors("reactionAdd")[0].path, ["emoji"]);
    assert_eq!(alice.message(&sent.id, "reactions { emoji }").await["reactions"], json!([]));
}

async fn a_refused_message_leaves_nothing_behind(world: World) {
    let (alice, thread) = start(&world).await;
    let before = alice.event_cursor(&thread).await;
    let bad = json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "", "size": 3 });
    let input = json!({ "threadId": thread, "content": "x", "clientKey": "k1", "attachments": [bad] });
    alice.try_send_with(input).await.refused("messageSend", "BLANK", &["attachments", "0", "name"]);
    assert_eq!(alice.event_cursor(&thread).await, before);
    let by_key = "query($t: ID!) { messageByClientKey(threadId: $t, clientKey: \"k1\") { id } }";
    assert_eq!(alice.graphql(by_key, json!({ "t": thread })).await.ok("/messageByClientKey"), &Value::Null);
    alice.send_with(json!({ "threadId": thread, "content": "other content", "clientKey": "k1" })).await;
}

async fn start(world: &World) -> (User, String) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    (alice, thread)
}

//! U+0000 is refused in every string and every JSON value, on both engines, and breaks nothing.

use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::{World, claims};

claims![
    accounts_refuse_it,
    profiles_refuse_it,
    metadata_refuses_it_wherever_it_is,
    queries_take_it_as_what_is_not_there,
];

const ZERO: &str = "a\u{0}b";

async fn accounts_refuse_it(world: World) {
    let good =
        json!({ "username": "alice", "email": "alice@example.org", "password": PASSWORD, "displayName": "Alice" });
    for field in ["username", "email", "password", "displayName"] {
        let mut input = good.clone();
        input[field] = json!(if field == "password" { "enough\u{0}letters" } else { ZERO });
        let answer = world.anonymous.mutate("accountCreate", input, SESSION).await;
        answer.refused("accountCreate", "INVALID", &[field]);
    }
    for input in [json!({ "login": ZERO, "password": PASSWORD }), json!({ "login": "alice", "password": ZERO })] {
        let answer = world.anonymous.mutate("sessionCreate", input, SESSION).await;
        assert!(!answer.user_errors("sessionCreate").is_empty());
    }
    let answer = world.anonymous.mutate("sessionRefresh", json!({ "refreshToken": ZERO }), SESSION).await;
    assert!(!answer.user_errors("sessionRefresh").is_empty());
}

async fn profiles_refuse_it(world: World) {
    let alice = world.user("alice").await;
    for field in ["displayName", "firstName", "lastName", "bio"] {
        alice.update_profile(json!({ field: ZERO })).await.refused("profileUpdate", "INVALID", &[field]);
    }
    let answer = alice.update_profile(json!({ "avatarUrl": "https://example.org/\u{0}.png" })).await;
    answer.refused("profileUpdate", "INVALID", &["avatarUrl"]);
}

async fn metadata_refuses_it_wherever_it_is(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let places = [
        json!({ "a": ZERO }),
        json!({ ZERO: 1 }),
        json!({ "a": { "b": [1, { "c": ZERO }] } }),
        json!({ "a": [[[ZERO]]] }),
    ];
    for metadata in places {
        let of_message = json!({ "threadId": thread, "content": "x", "metadata": metadata });
        let answer = alice.try_send_with(of_message).await;
        let errors = answer.user_errors("messageSend");
        assert_eq!((errors.len(), errors[0].code.as_str()), (1, "INVALID"), "{errors:?}");
        assert_eq!(errors[0].path.first().map(String::as_str), Some("metadata"), "{errors:?}");
        let attachment = json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 3,
            "metadata": metadata });
        let of_attachment = json!({ "threadId": thread, "content": "x", "attachments": [attachment] });
        let answer = alice.try_send_with(of_attachment).await;
        let errors = answer.user_errors("messageSend");
        assert_eq!((errors.len(), errors[0].code.as_str()), (1, "INVALID"), "{errors:?}");
        assert_eq!(errors[0].path[..3], ["attachments", "0", "metadata"], "{errors:?}");
    }
    assert!(alice.history(&thread).await.is_empty());
}

async fn queries_take_it_as_what_is_not_there(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let variables = json!({ "t": thread, "zero": ZERO });
    let documents = [
        "query($zero: String!) { user(by: { username: $zero }) { id } }",
        "query($zero: String!) { users(first: 5, search: $zero) { nodes { id } } }",
        "query($t: ID!, $zero: String!) { messageByClientKey(threadId: $t, clientKey: $zero) { id } }",
    ];
    for document in documents {
        let answer = alice.graphql(document, variables.clone()).await;
        match answer.error_code() {
            Some(code) => assert_eq!(code, "INVALID", "{}", answer.json),
            None => assert!(nothing(answer.data()), "{}", answer.json),
        }
    }
}

/// Whether nothing was found: null, or an empty list.
fn nothing(data: &Value) -> bool {
    match data {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(nothing),
        _ => false,
    }
}

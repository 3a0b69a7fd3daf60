//! Keys are made, listed and kept: shown once, stored as a hash.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Engine, User, World, claims, eventually};

claims![
    a_key_is_listed_as_it_was_made,
    what_is_asked_of_a_key_is_checked,
    guests_have_no_keys,
    a_key_is_shown_once_and_stored_as_a_hash_only,
    when_a_key_was_last_used_is_written_once_a_minute,
    an_account_has_at_most_a_hundred_keys,
    keys_made_at_once_are_counted_together,
];

const KEY: &str = "id name scopes createdAt expiresAt lastUsedAt";

async fn keys(user: &User) -> Vec<Value> {
    let document = format!("{{ viewer {{ apiKeys(first: 100) {{ nodes {{ {KEY} }} }} }} }}");
    user.graphql(&document, Value::Null).await.list("/viewer/apiKeys/nodes").clone()
}

async fn a_key_is_listed_as_it_was_made(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (reads, writes) = (json!(["READ"]), json!(["READ", "WRITE"]));
    let mut made = Vec::new();
    for (name, scopes, expected, expires) in [
        ("a", json!(["READ"]), &reads, Value::Null),
        ("b", json!(["WRITE"]), &writes, json!("2100-01-01T00:00:00Z")),
        ("c", json!(["WRITE", "READ", "READ"]), &writes, Value::Null),
        ("d", json!("READ"), &reads, Value::Null),
    ] {
        let input = json!({ "name": name, "scopes": scopes, "expiresAt": expires });
        let answer = alice.mutate("apiKeyCreate", input, &format!("token apiKey {{ {KEY} }}")).await;
        let key = answer.ok("/apiKeyCreate/apiKey").clone();
        assert_eq!((&key["name"], &key["scopes"], &key["lastUsedAt"]), (&json!(name), expected, &Value::Null));
        assert_eq!(key["expiresAt"].is_null(), expires.is_null());
        let token = answer.text("/apiKeyCreate/token");
        assert!(token.starts_with("lnk_") && token.len() >= 40, "{token}");
        made.insert(0, key);
    }
    assert_eq!(keys(&alice).await, made);
    assert!(keys(&bob).await.is_empty());
    assert_eq!(alice.audited().await.iter().filter(|line| *line == "API_KEY_CREATE").count(), 4);
}

async fn what_is_asked_of_a_key_is_checked(world: World) {
    let alice = world.user("alice").await;
    for (input, code, field) in [
        (json!({ "name": " ", "scopes": ["READ"] }), "BLANK", "name"),
        (json!({ "name": "x".repeat(101), "scopes": ["READ"] }), "TOO_LONG", "name"),
        (json!({ "name": "a\u{0}b", "scopes": ["READ"] }), "INVALID", "name"),
        (json!({ "name": "x", "scopes": [] }), "BLANK", "scopes"),
        (json!({ "name": "x", "scopes": ["READ"], "expiresAt": "2020-01-01T00:00:00Z" }), "INVALID", "expiresAt"),
    ] {
        let answer = alice.mutate("apiKeyCreate", input, "token apiKey { id }").await;
        answer.refused("apiKeyCreate", code, &[field]);
    }
    assert!(keys(&alice).await.is_empty());
    let input = json!({ "name": "x", "scopes": ["READ"] });
    world.anonymous.mutate("apiKeyCreate", input, "token").await.failed("UNAUTHENTICATED");
}

async fn guests_have_no_keys(world: World) {
    let guest = world.guest("visitor").await;
    let answer = guest.mutate("apiKeyCreate", json!({ "name": "x", "scopes": ["READ"] }), "token").await;
    answer.refused("apiKeyCreate", "FORBIDDEN", &[]);
}

async fn a_key_is_shown_once_and_stored_as_a_hash_only(world: World) {
    let alice = world.user("alice").await;
    let key = alice.create_key(&["READ"]).await;
    let secret = key.user.token.strip_prefix("lnk_").unwrap();
    key.user.is_signed_in().await;
    assert!(!json!(keys(&alice).await).to_string().contains(secret));
    let rows = world.database.rows("SELECT * FROM api_keys").await;
    assert_eq!(rows.len(), 1);
    for column in rows[0].column_names() {
        let text: Option<String> = rows[0].try_get("", &column).ok();
        let bytes: Option<Vec<u8>> = rows[0].try_get("", &column).ok();
        let stored = text.map(String::into_bytes).or(bytes).unwrap_or_default();
        assert!(!stored.windows(secret.len()).any(|window| window == secret.as_bytes()), "{column} has it");
    }
    assert!(!world.server.log().contains(secret));
    // Neither its id nor a part of it is the key.
    for wrong in [&*key.id, secret, &key.user.token[..key.user.token.len() - 1], "lnk_", &format!("{} ", "lnk_x")] {
        assert!(
            !world.anonymous.with_token(wrong).graphql("{ __typename }", Value::Null).await.json["errors"].is_null()
        );
    }
}

async fn when_a_key_was_last_used_is_written_once_a_minute(world: World) {
    let alice = world.user("alice").await;
    let key = alice.create_key(&["READ"]).await.user;
    let last = async || keys(&alice).await[0]["lastUsedAt"].as_str().map(str::to_owned);
    assert_eq!(last().await, None);
    world.server.record_statements().await;
    for _ in 0..10 {
        assert!(key.is_signed_in().await);
    }
    let first = eventually("its use to be written", last).await;
    let writes = async || {
        let statements = world.server.statements().await;
        statements.iter().filter(|one| one.sql.starts_with("UPDATE api_keys")).count()
    };
    assert_eq!(writes().await, 1);
    world.server.advance_clock(Duration::from_secs(61)).await;
    assert!(key.is_signed_in().await);
    eventually("its use to be written again", async || last().await.filter(|last| *last > first)).await;
    assert_eq!(writes().await, 2);
}

async fn an_account_has_at_most_a_hundred_keys(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let mut last = String::new();
    for _ in 0..100 {
        last = alice.create_key(&["READ"]).await.id;
    }
    let input = json!({ "name": "x", "scopes": ["READ"] });
    alice.mutate("apiKeyCreate", input, "token").await.refused("apiKeyCreate", "TOO_LONG", &[]);
    bob.create_key(&["READ"]).await;
    alice.revoke_key(&last).await.ok("/apiKeyRevoke/revokedId");
    alice.create_key(&["READ"]).await;
}

async fn keys_made_at_once_are_counted_together(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_ACCOUNT_API_KEYS", "2")]).await;
    let alice = world.user("alice").await;
    let made = (0..6).map(|number| {
        let input = json!({ "name": format!("key {number}"), "scopes": ["READ"] });
        alice.mutate("apiKeyCreate", input, "token apiKey { id }")
    });
    let answers = futures_util::future::join_all(made).await;
    let refused = answers.iter().filter(|answer| {
        let errors = answer.user_errors("apiKeyCreate");
        errors.first().is_some_and(|error| error.code == "TOO_LONG" && error.message.contains("at most 2"))
    });
    assert_eq!((refused.count(), keys(&alice).await.len()), (4, 2));
}

//! Results as the specification has them, also where a field fails.

use serde_json::{Value, json};
use tests::{World, claims};

use super::post;

claims![
    a_field_that_fails_is_null,
    what_can_not_be_null_takes_its_parent_along,
    fields_stand_in_the_order_in_which_they_are_asked_for,
];

async fn a_field_that_fails_is_null(world: World) {
    for (query, data) in [
        ("{ node(id: \"x\") { id } }", json!({ "node": null })),
        ("{ __typename node(id: \"x\") { id } }", json!({ "__typename": "Query", "node": null })),
        ("{ a: thread(id: \"x\") { id } b: __typename }", json!({ "a": null, "b": "Query" })),
        ("{ a: node(id: \"x\") { id } b: node(id: \"y\") { id } }", json!({ "a": null, "b": null })),
    ] {
        let answer = post(&world, &[], &json!({ "query": query })).await.json();
        assert_eq!(answer["data"], data, "{query}: {answer}");
        assert!(answer["errors"][0]["path"].is_array(), "{answer}");
    }
}

async fn what_can_not_be_null_takes_its_parent_along(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let nested = format!("{{ a: __typename thread(id: \"{room}\") {{ id messages(first: 0) {{ nodes {{ id }} }} }} }}");
    let listed = "{ viewer { email threads(first: 1) { nodes { id messages(first: 0) { nodes { id } } } } } }";
    for (query, data) in [
        ("{ __typename rooms(first: 0) { nodes { id } } }", Value::Null),
        ("{ viewer { email threads(first: 0) { nodes { id } } } }", json!({ "viewer": null })),
        (nested.as_str(), json!({ "a": "Query", "thread": null })),
        (listed, json!({ "viewer": null })),
    ] {
        assert_eq!(alice.graphql(query, Value::Null).await.json["data"], data, "{query}");
    }
}

async fn fields_stand_in_the_order_in_which_they_are_asked_for(world: World) {
    let alice = world.user("alice").await;
    alice.create_room("A room").await;
    let authorization = format!("Bearer {}", alice.token);
    for (query, keys) in [
        ("{ z: __typename a: __typename m: __typename }", "z a m"),
        ("{ z: rooms(first: 1) { b: nodes { id } a: pageInfo { hasNextPage } } a: __typename }", "z b a a"),
        ("{ viewer { z: user { username } m: unreadThreadCount a: email } b: __typename }", "viewer z m a b"),
        (
            "{ users(first: 1) { nodes { z: profile { bio } a: username } } ...F } fragment F on Query { m: __typename }",
            "users z a m",
        ),
    ] {
        let answer = post(&world, &[("authorization", &authorization)], &json!({ "query": query })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let mut rest = answer.text.as_str();
        for key in keys.split(' ') {
            let key = format!("\"{key}\":");
            let at = rest.find(&key).unwrap_or_else(|| panic!("{key} is not where it is asked for: {}", answer.text));
            rest = &rest[at + key.len()..];
        }
    }
}

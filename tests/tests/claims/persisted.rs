//! Documents that are asked for by their hash.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::events::escaped;
use tests::{Answer, Engine, Transport, World, claims};

claims![
    a_document_that_has_run_is_asked_for_by_its_hash,
    a_hash_of_another_text_is_refused_and_remembered_by_nobody,
    what_may_not_run_is_not_remembered,
    a_document_asked_for_by_its_hash_is_held_to_all_limits,
    what_is_no_hash_is_refused_by_name,
    where_nothing_is_remembered_all_runs_with_its_text,
];

/// What a request says of a document's hash.
fn hash_of(document: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hex::encode(Sha256::digest(document)) } })
}

async fn by_hash(world: &World, transport: Transport, document: &str) -> Answer {
    transport.ask(&world.server, None, json!({ "extensions": hash_of(document) })).await
}

async fn with_text(world: &World, transport: Transport, document: &str) -> Answer {
    transport.ask(&world.server, None, json!({ "query": document, "extensions": hash_of(document) })).await
}

async fn by_get(world: &World, document: &str) -> (u16, Value) {
    let path = format!("/graphql?extensions={}", escaped(&hash_of(document).to_string()));
    let answer = world.server.http().get(world.server.at(&path)).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn is_unknown(answer: &Answer) {
    answer.failed("PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(answer.json["errors"][0]["message"], "PersistedQueryNotFound", "older clients read the message");
    assert_eq!(answer.json.get("data"), None);
}

async fn a_document_that_has_run_is_asked_for_by_its_hash(world: World) {
    for (number, transport) in Transport::ALL.into_iter().enumerate() {
        let document = format!("query Persisted{number} {{ __typename }}");
        is_unknown(&by_hash(&world, transport, &document).await);
        assert_eq!(with_text(&world, transport, &document).await.text("/__typename"), "Query");
        for another in Transport::ALL {
            let answer = by_hash(&world, another, &document).await;
            assert_eq!(answer.text("/__typename"), "Query", "by {another:?}");
        }
        let (status, answer) = by_get(&world, &document).await;
        assert_eq!((status, &answer["data"]["__typename"]), (200, &json!("Query")));
    }
}

async fn a_hash_of_another_text_is_refused_and_remembered_by_nobody(world: World) {
    let (harmless, wanted) = ("{ __typename }", "query Wanted { __typename }");
    for transport in Transport::ALL {
        let request = json!({ "query": harmless, "extensions": hash_of(wanted) });
        let answer = transport.ask(&world.server, None, request).await;
        answer.failed("INVALID");
        assert!(answer.json["errors"][0]["message"].as_str().unwrap().contains("sha256Hash"), "{}", answer.json);
        is_unknown(&by_hash(&world, transport, wanted).await);
    }
}

async fn what_may_not_run_is_not_remembered(world: World) {
    let deep = format!("{{ {} name {} }}", "__schema { types {".repeat(40), "} }".repeat(40));
    let costly = "{ rooms(first: 100) { nodes { participants(first: 100) { nodes { user { username } } } } } }";
    let without = "query Rooms($first: Int!) { rooms(first: $first) { nodes { id } } }";
    for document in ["{ nothing }", "{", deep.as_str(), costly, without] {
        for transport in Transport::ALL {
            assert!(with_text(&world, transport, document).await.error_code().is_some(), "{document:.80}");
            is_unknown(&by_hash(&world, transport, document).await);
        }
    }
}

async fn a_document_asked_for_by_its_hash_is_held_to_all_limits(world: World) {
    let costly = "query Rooms($first: Int!) { rooms(first: $first) { nodes { participants(first: 100) { nodes { user { username } } } } } }";
    let ask = async |first: i64, query: Option<&str>| {
        let mut request = json!({ "variables": { "first": first }, "extensions": hash_of(costly) });
        if let Some(query) = query {
            request["query"] = json!(query);
        }
        Transport::Http.ask(&world.server, None, request).await
    };
    let cost = ask(1, Some(costly)).await.json["extensions"]["cost"]["requested"].take();
    assert_eq!(ask(1, None).await.json["extensions"]["cost"]["requested"], cost, "it costs what it costs");
    ask(100, None).await.failed("TOO_EXPENSIVE");

    let change = "mutation Change { sessionCreateGuest(input: { username: \"guest\" }) { user { username } } }";
    with_text(&world, Transport::Http, change).await;
    assert_eq!(by_get(&world, change).await.0, 405, "a change does not come by GET");
}

async fn what_is_no_hash_is_refused_by_name(world: World) {
    let hash = hex::encode(Sha256::digest("{ __typename }"));
    for (persisted, field) in [
        (json!({ "version": 2, "sha256Hash": hash }), "persistedQuery.version"),
        (json!({ "sha256Hash": hash }), "persistedQuery.version"),
        (json!({ "version": 1 }), "persistedQuery.sha256Hash"),
        (json!({ "version": 1, "sha256Hash": hash[1..] }), "persistedQuery.sha256Hash"),
        (json!({ "version": 1, "sha256Hash": format!("{hash}00") }), "persistedQuery.sha256Hash"),
        (json!({ "version": 1, "sha256Hash": "z".repeat(64) }), "persistedQuery.sha256Hash"),
        (json!("1"), "persistedQuery.version"),
    ] {
        for query in [None, Some("{ __typename }")] {
            let request = json!({ "query": query, "extensions": { "persistedQuery": persisted } });
            let answer = world.server.http().post(world.server.at("/graphql")).json(&request).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 400, "{request}");
            assert!(answer.text().await.unwrap().contains(field), "{request}");
        }
    }
}

async fn where_nothing_is_remembered_all_runs_with_its_text(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_PERSISTED_BYTES", "1")]).await;
    for number in 0..100 {
        let document = format!("query Persisted{number} {{ __typename }}");
        for transport in Transport::ALL {
            assert_eq!(with_text(&world, transport, &document).await.text("/__typename"), "Query");
        }
    }
    is_unknown(&by_hash(&world, Transport::Http, "query Persisted0 { __typename }").await);
}

//! Media types of answers, and the status that goes with each.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::{World, claims};

use super::{ask, post};
use crate::edge::INTROSPECTION;

claims![
    answers_come_as_the_client_prefers,
    who_takes_nothing_that_there_is_gets_406,
    the_status_is_that_of_the_media_type,
    data_is_there_only_if_something_was_executed,
    every_answer_has_a_request_id,
    large_answers_are_compressed_for_those_who_ask,
    a_subscription_needs_a_stream,
];

const STRICT: &str = "application/graphql-response+json";

async fn answers_come_as_the_client_prefers(world: World) {
    let (strict, plain) = ("application/graphql-response+json; charset=utf-8", "application/json; charset=utf-8");
    for (accept, expected) in [
        (None, plain),
        (Some("*/*"), plain),
        (Some("application/*"), plain),
        (Some("application/json"), plain),
        (Some("application/json; charset=utf-8"), plain),
        (Some(STRICT), strict),
        (Some("Application/GraphQL-Response+JSON"), strict),
        (Some("application/graphql-response+json;charset=UTF-8"), strict),
        (Some("application/graphql-response+json, application/json;q=0.9"), strict),
        (Some("application/json;q=0.9, application/graphql-response+json"), strict),
        (Some("application/json;q=0.9, application/graphql-response+json;q=0.8"), plain),
        (Some("application/graphql-response+json;q=0.001, text/html"), strict),
        (Some("text/html, application/xhtml+xml, */*;q=0.1"), plain),
        (Some("application/graphql-response+json;q=0, */*"), plain),
        (Some("text/html;q=1.0, application/json ; q=0.2"), plain),
    ] {
        let headers: Vec<_> = accept.iter().map(|accept| ("accept", *accept)).collect();
        let answer = post(&world, &headers, &json!({ "query": "{ __typename }" })).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, expected), "{accept:?}");
        assert_eq!(answer.json()["data"], json!({ "__typename": "Query" }));
        let get = ask(&world, "GET", "/graphql?query=%7B__typename%7D", &headers, "").await;
        assert_eq!((get.status, get.header("content-type")), (200, expected), "{accept:?} by GET");
    }
}

async fn who_takes_nothing_that_there_is_gets_406(world: World) {
    let alice = world.user("alice").await;
    let create = json!({ "query": "mutation { threadCreate(input: { room: { title: \"x\" } }) { thread { id } } }" });
    for accept in [
        "text/html",
        "image/*",
        "application/xml",
        "application/json;q=0",
        "application/json;charset=iso-8859-1",
        "application/graphql-response+json;q=0, text/plain",
        "nonsense",
    ] {
        let authorization = format!("Bearer {}", alice.token);
        let headers = [("accept", accept), ("authorization", authorization.as_str())];
        post(&world, &headers, &create).await.turned_away(406, accept);
        ask(&world, "GET", "/graphql?query=%7B__typename%7D", &headers, "").await.turned_away(406, accept);
    }
    let rooms = world.anonymous.graphql("{ rooms(first: 1) { nodes { id } } }", Value::Null).await;
    assert_eq!(rooms.ok("/rooms/nodes"), &json!([]), "what can't be answered is not executed");
}

async fn the_status_is_that_of_the_media_type(world: World) {
    let alice = world.user("alice").await;
    let rows = [
        (json!({ "query": "{ __typename }" }), 200, 200),
        (json!({ "query": "{ nothing }" }), 400, 200),
        (json!({ "query": "{" }), 400, 200),
        (json!({ "query": "{ __typename }", "operationName": "Other" }), 400, 200),
        (json!({ "query": "query($a: Int!) { rooms(first: $a) { nodes { id } } }" }), 400, 200),
        (json!({ "query": "{ rooms(first: 100) { nodes { messages(last: 100) { nodes { id } } } } }" }), 400, 200),
        // Executed, with an error of a field.
        (json!({ "query": "{ rooms(first: 0) { nodes { id } } }" }), 200, 200),
        (json!({ "query": "{ __typename node(id: \"x\") { id } }" }), 200, 200),
    ];
    for (request, strict, plain) in rows {
        for (accept, status) in [(STRICT, strict), ("application/json", plain)] {
            let answer = post(&world, &[("accept", accept)], &request).await;
            assert_eq!(answer.status, status, "{request} as {accept}: {}", answer.text);
            assert!(answer.header("content-type").starts_with(accept), "{accept}");
        }
    }
    let mut revoked = alice.token.clone();
    revoked.replace_range(5..8, "xyz");
    for accept in [STRICT, "application/json"] {
        for authorization in [format!("Bearer {revoked}"), "Bearer".to_owned(), "Basic YTpi".to_owned(), "x".to_owned()]
        {
            let headers = [("accept", accept), ("authorization", authorization.as_str())];
            let answer = post(&world, &headers, &json!({ "query": "{ __typename }" })).await;
            answer.turned_away(401, &authorization);
            assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
}

async fn data_is_there_only_if_something_was_executed(world: World) {
    for (query, data) in [
        ("{ __typename }", Some(json!({ "__typename": "Query" }))),
        ("{ viewer { email } }", Some(json!({ "viewer": null }))),
        ("{ rooms(first: 0) { nodes { id } } }", Some(Value::Null)),
        ("{ nothing }", None),
        ("{", None),
    ] {
        for accept in [STRICT, "application/json"] {
            let answer = post(&world, &[("accept", accept)], &json!({ "query": query })).await.json();
            assert_eq!(answer.get("data"), data.as_ref(), "{query}: {answer}");
            // An error of a field says of which.
            let errors = answer["errors"].as_array().cloned().unwrap_or_default();
            assert!(errors.iter().all(|error| error.get("path").is_some() == data.is_some()), "{query}: {answer}");
            let known = ["data", "errors", "extensions"];
            assert!(answer.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{answer}");
        }
    }
}

async fn every_answer_has_a_request_id(world: World) {
    let mut seen = Vec::new();
    for query in ["{ __typename }", "{ nothing }", "{", "{ rooms(first: 0) { nodes { id } } }", "{ a b c }"] {
        for accept in [STRICT, "application/json"] {
            let answer = post(&world, &[("accept", accept)], &json!({ "query": query })).await;
            let id = answer.header("x-request-id").to_owned();
            assert!(id.starts_with("req_"), "{query}: {id}");
            for error in answer.json()["errors"].as_array().into_iter().flatten() {
                assert_eq!(error["extensions"]["requestId"], id.as_str(), "{query}");
            }
            seen.push(id);
        }
    }
    let headers = [("authorization", "Bearer nonsense")];
    let answer = post(&world, &headers, &json!({ "query": "{ __typename }" })).await;
    assert_eq!(answer.json()["errors"][0]["extensions"]["requestId"], answer.header("x-request-id"));
    seen.push(answer.header("x-request-id").to_owned());
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 11, "each request has an id of its own");
}

async fn large_answers_are_compressed_for_those_who_ask(world: World) {
    let large = json!({ "query": INTROSPECTION });
    let plain = post(&world, &[("accept", STRICT)], &large).await;
    assert_eq!(plain.header("content-encoding"), "");
    let request = world.server.http().post(world.server.at("/graphql")).json(&large).header("accept", STRICT);
    let answer = request.header("accept-encoding", "gzip, br").send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let varies: String = answer.headers().get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(varies.to_lowercase().contains("accept-encoding"), "{varies}");
    let compressed = answer.bytes().await.unwrap();
    assert!(compressed.len() * 4 < plain.text.len(), "{} of {} bytes", compressed.len(), plain.text.len());
    assert_eq!(uncompressed(&compressed), plain.text);
    let small = post(&world, &[("accept-encoding", "gzip")], &json!({ "query": "{ __typename }" })).await;
    assert_eq!((small.header("content-encoding"), small.status), ("", 200), "not worth it");
    let refused = post(&world, &[("accept-encoding", "gzip;q=0")], &large).await;
    assert_eq!(refused.header("content-encoding"), "");
}

fn uncompressed(bytes: &[u8]) -> String {
    let mut gzip =
        Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip runs");
    let (mut stdin, bytes) = (gzip.stdin.take().unwrap(), bytes.to_vec());
    let writing = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = gzip.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

async fn a_subscription_needs_a_stream(world: World) {
    let alice = world.user("alice").await;
    let authorization = format!("Bearer {}", alice.token);
    for accept in [STRICT, "application/json", "*/*"] {
        let headers = [("accept", accept), ("authorization", authorization.as_str())];
        let subscription = json!({ "query": "subscription { inboxChanges { cursor } }" });
        post(&world, &headers, &subscription).await.turned_away(406, accept);
    }
}

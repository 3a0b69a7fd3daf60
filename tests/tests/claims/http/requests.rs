//! What reads as a request, and what does not.

use serde_json::{Value, json};
use tests::events::escaped;
use tests::{Connection, World, claims};

use super::{ask, post};

claims![
    a_body_has_to_be_json,
    a_body_has_to_be_a_request,
    a_body_has_at_most_a_mebibyte,
    queries_can_be_asked_by_get,
    what_is_no_query_string_is_refused,
    a_mutation_by_get_is_told_the_way,
    other_methods_are_refused,
];

async fn a_body_has_to_be_json(world: World) {
    let create = json!({ "query": "mutation { sessionCreateGuest(input: { username: \"guest\" }) { user { id } } }" });
    for kind in [
        None,
        Some(""),
        Some("text/plain"),
        Some("text/plain; charset=utf-8"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/graphql"),
        Some("application/json-patch+json"),
        Some("application/jsonx"),
        Some("application/json; charset=utf-16"),
        Some("application/json; charset=\"iso-8859-1\""),
        Some("text/plain; application/json"),
    ] {
        let headers: Vec<_> = kind.iter().map(|kind| ("content-type", *kind)).collect();
        let answer = ask(&world, "POST", "/graphql", &headers, create.to_string()).await;
        answer.turned_away(415, kind.unwrap_or("nothing"));
    }
    let guests = world.anonymous.graphql("{ user(by: { username: \"guest\" }) { id } }", Value::Null).await;
    assert_eq!(guests.ok("/user"), &Value::Null, "nothing of it was executed");
    for kind in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/json; x=y; charset=utf8",
    ] {
        let body = json!({ "query": "{ __typename }" }).to_string();
        let answer = ask(&world, "POST", "/graphql", &[("content-type", kind)], body).await;
        assert_eq!((answer.status, &answer.json()["data"]["__typename"]), (200, &json!("Query")), "{kind}");
    }
}

async fn a_body_has_to_be_a_request(world: World) {
    let json = [("content-type", "application/json")];
    for body in [
        "",
        " ",
        "{",
        "nonsense",
        "{\"query\": ",
        "\u{0}",
        "{\"query\": \"{ __typename }\"} {}",
        "{'query': 1}",
        "null",
        "1",
        "\"{ __typename }\"",
        "{}",
        "[]",
        "[{\"query\": \"{ __typename }\"}]",
        "{\"query\": null}",
        "{\"query\": 1}",
        "{\"query\": [\"{ a }\"]}",
        "{\"operationName\": \"A\"}",
        "{\"Query\": \"{ __typename }\"}",
    ] {
        ask(&world, "POST", "/graphql", &json, body).await.turned_away(400, body);
    }
    ask(&world, "POST", "/graphql", &json, b"{\"query\": \"{ __typename #\xff }\"}").await.turned_away(400, "no UTF-8");
    let strict = [("content-type", "application/json"), ("accept", "application/graphql-response+json")];
    for (name, value) in [
        ("operationName", json!(1)),
        ("operationName", json!(["A"])),
        ("variables", json!("x")),
        ("variables", json!(1)),
        ("variables", json!([])),
        ("extensions", json!("x")),
        ("extensions", json!([])),
    ] {
        let mut request = json!({ "query": "{ __typename }" });
        request[name] = value;
        for headers in [&json[..], &strict] {
            let answer = ask(&world, "POST", "/graphql", headers, request.to_string()).await;
            answer.turned_away(400, &request.to_string());
        }
        request[name] = Value::Null;
        assert_eq!(post(&world, &[], &request).await.status, 200, "{request}");
    }
    let more = json!({ "query": "{ __typename }", "id": 1, "extensions": { "a": 1 }, "variables": {} });
    assert_eq!(post(&world, &[], &more).await.status, 200, "what is not known is passed over");
}

async fn a_body_has_at_most_a_mebibyte(world: World) {
    let body = |bytes: usize| {
        let around = json!({ "query": "{ __typename }", "extensions": { "a": "" } }).to_string();
        around.replace("\"a\":\"\"", &format!("\"a\":\"{}\"", "x".repeat(bytes - around.len())))
    };
    let json = [("content-type", "application/json")];
    assert_eq!(body(1 << 20).len(), 1 << 20);
    assert_eq!(ask(&world, "POST", "/graphql", &json, body(1 << 20)).await.status, 200);
    ask(&world, "POST", "/graphql", &json, body((1 << 20) + 1)).await.turned_away(413, "one byte more");
    // A length that is told is believed, and one that is not told is counted.
    let mut connection = Connection::to(&world.server).await;
    let head =
        format!("POST /graphql HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n", world.server.address());
    connection.say(format!("{head}content-length: 99999999999\r\n\r\n{{")).await;
    let answer = connection.try_head().await.expect("it is answered before all of it has come");
    assert_eq!(answer.status, 413);
    let mut connection = Connection::to(&world.server).await;
    connection.say(format!("{head}transfer-encoding: chunked\r\n\r\n")).await;
    for _ in 0..20 {
        connection.say(format!("10000\r\n{}\r\n", " ".repeat(0x10000))).await;
    }
    // It may have stopped reading before all was sent: then the answer is lost with the connection.
    assert!(connection.try_head().await.is_none_or(|answer| answer.status == 413));
    assert_eq!(post(&world, &[], &json!({ "query": "{ __typename }" })).await.status, 200);
}

async fn queries_can_be_asked_by_get(world: World) {
    let alice = world.user("alice").await;
    let document = "query A($by: UserBy!) { user(by: $by) { username } } query B { __typename }";
    let (query, variables) = (escaped(document), escaped(&json!({ "by": { "username": "alice" } }).to_string()));
    let strict = [("accept", "application/graphql-response+json")];
    for (rest, expected) in [
        (format!("&variables={variables}&operationName=A"), json!({ "user": { "username": "alice" } })),
        (
            format!("&variables={variables}&operationName=A&extensions=%7B%22a%22:1%7D"),
            json!({ "user": { "username": "alice" } }),
        ),
        ("&operationName=B".to_owned(), json!({ "__typename": "Query" })),
        ("&operationName=B&variables=".to_owned(), json!({ "__typename": "Query" })),
        ("&operationName=B&variables=null&extensions=null".to_owned(), json!({ "__typename": "Query" })),
        ("&operationName=B&variables=%7B%7D&nobody=asked".to_owned(), json!({ "__typename": "Query" })),
    ] {
        let answer = ask(&world, "GET", &format!("/graphql?query={query}{rest}"), &strict, "").await;
        assert_eq!((answer.status, &answer.json()["data"]), (200, &expected), "{rest}");
        assert!(answer.header("x-request-id").starts_with("req_"));
    }
    let authorization = format!("Bearer {}", alice.token);
    let viewer = format!("/graphql?query={}", escaped("{ viewer { user { id } } }"));
    let answer = ask(&world, "GET", &viewer, &[("authorization", &authorization)], "").await;
    assert_eq!(answer.json()["data"]["viewer"]["user"]["id"], alice.id.as_str());
    // By GET, too, what is too much or not valid is a request error.
    for (document, code) in [
        ("{ nothing }", "INVALID"),
        ("{ rooms(first: 100) { nodes { messages(last: 100) { nodes { id } } } } }", "TOO_EXPENSIVE"),
    ] {
        let answer = ask(&world, "GET", &format!("/graphql?query={}", escaped(document)), &strict, "").await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["extensions"]["code"]), (400, &json!(code)));
    }
}

async fn what_is_no_query_string_is_refused(world: World) {
    let query = escaped("{ __typename }");
    for path in [
        "/graphql".to_owned(),
        "/graphql?".to_owned(),
        "/graphql?variables=%7B%7D".to_owned(),
        format!("/graphql?query={query}&query={query}"),
        format!("/graphql?query={query}&variables=nonsense"),
        format!("/graphql?query={query}&variables=%5B%5D"),
        format!("/graphql?query={query}&variables=1"),
        format!("/graphql?query={query}&variables=%22x%22"),
        format!("/graphql?query={query}&extensions=nonsense"),
        format!("/graphql?query={query}&extensions=%5B%5D"),
    ] {
        for accept in ["application/json", "application/graphql-response+json", "*/*"] {
            let answer = ask(&world, "GET", &path, &[("accept", accept)], "").await;
            answer.turned_away(400, &path);
        }
    }
}

async fn a_mutation_by_get_is_told_the_way(world: World) {
    let alice = world.user("alice").await;
    let authorization = format!("Bearer {}", alice.token);
    let mutation = "mutation M { threadCreate(input: { room: { title: \"by GET\" } }) { thread { id } } }";
    let path = format!("/graphql?query={}", escaped(&format!("query Q {{ __typename }} {mutation}")));
    for accept in ["application/json", "application/graphql-response+json", "text/event-stream"] {
        let headers = [("authorization", authorization.as_str()), ("accept", accept)];
        let answer = ask(&world, "GET", &format!("{path}&operationName=M"), &headers, "").await;
        answer.turned_away(405, accept);
        assert_eq!(answer.header("allow"), "POST", "{accept}");
    }
    let answer = ask(&world, "GET", &format!("{path}&operationName=Q"), &[], "").await;
    assert_eq!(answer.json()["data"]["__typename"], "Query", "the mutation beside it is not asked for");
    let rooms = alice.graphql("{ rooms(first: 5) { nodes { id } } }", Value::Null).await;
    assert_eq!(rooms.ok("/rooms/nodes"), &json!([]));
}

async fn other_methods_are_refused(world: World) {
    let body = json!({ "query": "{ __typename }" }).to_string();
    for method in ["PUT", "DELETE", "PATCH", "TRACE", "NONSENSE"] {
        let headers = [("content-type", "application/json")];
        let answer = ask(&world, method, "/graphql", &headers, body.clone()).await;
        assert_eq!(answer.status, 405, "{method}");
        let allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        assert!(allowed.contains(&"GET") && allowed.contains(&"POST") && !allowed.contains(&method), "{allowed:?}");
    }
}

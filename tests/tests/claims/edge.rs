//! What comes over HTTP that is not a well-behaved request: refused, and the server goes on.

use serde_json::{Value, json};
use tests::{Answer, World, claims};

claims![
    a_batch_is_refused,
    a_mutation_by_get_is_refused_and_not_executed,
    nested_brackets_do_not_bring_it_down,
    what_is_no_json_is_refused,
    what_is_no_graphql_is_refused,
    a_body_too_large_is_refused,
    the_standard_introspection_works,
    an_unknown_operation_name_is_refused,
    variables_of_the_wrong_kind_are_refused,
    many_documents_one_after_the_other_are_answered,
    it_tells_that_it_lives_and_is_ready,
    answers_tell_nothing_of_the_inside,
];

async fn a_batch_is_refused(world: World) {
    let one = json!({ "query": "{ __typename }" });
    for batch in [json!([]), json!([one]), json!([one, one])] {
        let (status, _) = post(&world, "application/json", batch.to_string()).await;
        assert_eq!(status, 400, "{batch}");
    }
    alive(&world).await;
}

async fn a_mutation_by_get_is_refused_and_not_executed(world: World) {
    let alice = world.user("alice").await;
    let documents = [
        r#"mutation { threadCreate(input: { room: { title: "by GET" } }) { thread { id } } }"#,
        r#"mutation M { threadCreate(input: { room: { title: "by GET" } }) { thread { id } } }"#,
        r#"query Q { __typename } mutation M { threadCreate(input: { room: { title: "by GET" } }) { thread { id } } }"#,
    ];
    for document in documents {
        let query: String = document.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let name = if document.starts_with("query") { "&operationName=M" } else { "" };
        let url = world.server.at(&format!("/graphql?query={query}{name}"));
        let request = world.server.http().get(url).bearer_auth(&alice.token).header("accept", "application/json");
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{}", answer.status());
        assert!(!answer.text().await.unwrap().contains("thr_"));
    }
    let rooms = world.anonymous.graphql("{ rooms(first: 5) { nodes { id } } }", Value::Null).await;
    assert_eq!(rooms.ok("/rooms/nodes"), &json!([]));
}

async fn nested_brackets_do_not_bring_it_down(world: World) {
    for (open, close) in [("{ a ", "}"), ("{", "}"), ("[", "]"), ("(", ")")] {
        for depth in [65, 2_000, 100_000] {
            let nested = open.repeat(depth) + &close.repeat(depth);
            for document in [nested.clone(), format!("{{ rooms(first: {nested}) {{ nodes {{ id }} }} }}")] {
                let body = json!({ "query": document }).to_string();
                let (status, answer) = post(&world, "application/json", body).await;
                assert!(status < 500, "{status}");
                assert!(answer.get("errors").is_some(), "{depth} of {open} are answered with {answer}");
            }
            // The same in variables, where the JSON parser has to bear it.
            if open == "[" {
                let body = format!(r#"{{"query":"{{ __typename }}","variables":{{"a":{nested}}}}}"#);
                let (status, _) = post(&world, "application/json", body).await;
                assert!(status < 500, "{status}");
            }
            alive(&world).await;
        }
    }
    assert!(world.server.exited().is_none(), "the process is still the same");
}

async fn what_is_no_json_is_refused(world: World) {
    for body in ["", "{", "nonsense", "{\"query\": ", "\u{0}", "{\"query\": \"{ __typename }\"} {}", "{'query': 1}"] {
        let (status, _) = post(&world, "application/json", body.to_owned()).await;
        assert_eq!(status, 400, "{body:?}");
    }
    for body in
        ["null", "1", "\"{ __typename }\"", "{}", "{\"query\": null}", "{\"query\": 1}", "{\"query\": [\"{ a }\"]}"]
    {
        let (status, _) = post(&world, "application/json", body.to_owned()).await;
        assert!((400..500).contains(&status), "{body}: {status}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let (status, _) = post(&world, kind, json!({ "query": "{ __typename }" }).to_string()).await;
        assert!((400..500).contains(&status), "{kind}: {status}");
    }
    alive(&world).await;
}

async fn what_is_no_graphql_is_refused(world: World) {
    let documents = [
        "",
        "   ",
        "# a comment",
        "{",
        "}",
        "{ }",
        "{ nothing_of_the_kind }",
        "{ viewer }",
        "{ viewer { email { x } } }",
        "{ rooms(first: \"ten\") { nodes { id } } }",
        "query($a: Nothing) { __typename }",
        "query($a: Int!) { rooms(first: $b) { nodes { id } } }",
        "{ ...F } fragment F on Query { ...F }",
        "type Query { a: Int }",
        "subscription { inboxChanges { cursor } }",
        "\u{0}",
        "{ user(by: { username: \"\u{0}\" }) { id } \u{0} }",
    ];
    for document in documents {
        let answer = world.anonymous.graphql(document, json!({})).await;
        assert!(answer.json["errors"][0]["message"].is_string(), "{document:?} is answered with {}", answer.json);
        assert!(answer.json.get("data").is_none_or(Value::is_null), "{document:?} is answered with {}", answer.json);
    }
    alive(&world).await;
}

async fn a_body_too_large_is_refused(world: World) {
    for size in [2 << 20, 30 << 20] {
        let body = json!({ "query": "{ __typename }", "variables": { "a": "x".repeat(size) } }).to_string();
        let request = world.server.http().post(world.server.at("/graphql")).header("content-type", "application/json");
        // The server may stop reading half way: then what it said may be lost with the connection.
        match request.body(body).send().await {
            Ok(answer) => assert_eq!(answer.status(), 413),
            Err(error) => assert!(size > 2 << 20, "{error}"),
        }
    }
    alive(&world).await;
}

async fn the_standard_introspection_works(world: World) {
    let answer = world.anonymous.graphql(INTROSPECTION, json!({})).await;
    let types = answer.list("/__schema/types");
    for name in ["Query", "Mutation", "Subscription", "Message", "ThreadFrame", "ThreadCreateInput", "Cursor"] {
        assert!(types.iter().any(|one| one["name"] == name), "{name}");
    }
    assert_eq!(answer.ok("/__schema/queryType/name"), "Query");
    assert_eq!(answer.ok("/__schema/subscriptionType/name"), "Subscription");
}

async fn an_unknown_operation_name_is_refused(world: World) {
    let document = "query A { __typename } query B { __typename }";
    for name in [json!("C"), json!(""), Value::Null] {
        let body = json!({ "query": document, "operationName": name });
        let (status, answer) = post(&world, "application/json", body.to_string()).await;
        assert!(status < 500 && answer.get("errors").is_some(), "{name}: {status} {answer}");
    }
    let body = json!({ "query": document, "operationName": "B" });
    let (_, answer) = post(&world, "application/json", body.to_string()).await;
    assert_eq!(answer["data"], json!({ "__typename": "Query" }), "{answer}");
}

async fn variables_of_the_wrong_kind_are_refused(world: World) {
    let document = "query($first: Int!) { rooms(first: $first) { nodes { id } } }";
    for first in [json!("ten"), json!(1.5), json!(true), json!([1]), json!({}), json!(1_i64 << 40)] {
        let answer = world.anonymous.graphql(document, json!({ "first": first })).await;
        assert!(answer.json["errors"][0].is_object(), "{first} is answered with {}", answer.json);
        assert_ne!(answer.error_code(), Some("INTERNAL"));
    }
    let answer = world.anonymous.graphql(document, json!({})).await;
    assert!(answer.json["errors"][0].is_object(), "{}", answer.json);
}

async fn many_documents_one_after_the_other_are_answered(world: World) {
    for number in 0..500 {
        let answer = world.anonymous.graphql(&format!("{{ a{number}: __typename }}"), json!({})).await;
        assert_eq!(answer.ok(&format!("/a{number}")), "Query");
    }
}

async fn it_tells_that_it_lives_and_is_ready(world: World) {
    for path in ["/livez", "/readyz"] {
        let answer = world.server.http().get(world.server.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let answer = world.server.http().get(world.server.at("/nothing/here")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

async fn answers_tell_nothing_of_the_inside(world: World) {
    let alice = world.user("alice").await;
    let documents = [
        "{ node(id: \"nonsense\") { id } }",
        "{ rooms(first: -1) { nodes { id } } }",
        "{ users(first: 5, search: \"'\\\"%;\") { nodes { id } } }",
        "{ rooms(first: 5, after: \"nonsense\") { nodes { id } } }",
        "{ nothing }",
    ];
    for document in documents {
        let text = alice.graphql(document, json!({})).await.json.to_string().to_lowercase();
        for inside in ["select ", "sqlx", "sea_orm", "dberr", ".rs:", "panicked", "some(", "err(", "sqlite", "postgres"]
        {
            assert!(!text.contains(inside), "{document} tells {inside}: {text}");
        }
    }
}

async fn post(world: &World, kind: &str, body: String) -> (u16, Value) {
    let request = world.server.http().post(world.server.at("/graphql"));
    let request = request.header("content-type", kind).header("accept", "application/json");
    let answer = request.body(body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn alive(world: &World) {
    let answer: Answer = world.anonymous.graphql("{ __typename }", json!({})).await;
    assert_eq!(answer.ok("/__typename"), "Query");
}

/// As GraphiQL and code generators send it.
pub(crate) const INTROSPECTION: &str = "
query IntrospectionQuery {
  __schema {
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types { ...FullType }
    directives { name description locations args { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description
  fields(includeDeprecated: true) {
    name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason
  }
  inputFields { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type {
  kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }
}";

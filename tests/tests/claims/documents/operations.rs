//! Documents of several operations: one of them runs, and it alone is judged.

use serde_json::{Value, json};
use tests::{Server, Transport, World, claims};

use super::{ask_all, invalid, refused};

claims![
    the_operation_that_is_named_runs,
    an_operation_that_can_not_be_told_is_refused,
    only_the_operation_that_runs_is_judged,
    the_same_text_is_judged_by_its_variables_each_time,
];

async fn the_operation_that_is_named_runs(world: World) {
    let document = "query A { a: __typename } query B { b: __typename } subscription C { inboxChanges { cursor } }";
    for (name, expected) in [("A", json!({ "a": "Query" })), ("B", json!({ "b": "Query" }))] {
        for (transport, answer) in
            ask_all(&world.server, None, &json!({ "query": document, "operationName": name })).await
        {
            assert_eq!(answer.data(), &expected, "{transport:?}");
        }
    }
    for name in [json!("A"), Value::Null, json!("")] {
        let request = json!({ "query": "query A { __typename }", "operationName": name });
        for (transport, answer) in ask_all(&world.server, None, &request).await {
            assert_eq!(answer.ok("/__typename"), "Query", "{transport:?}");
        }
    }
}

async fn an_operation_that_can_not_be_told_is_refused(world: World) {
    let several = "query A { __typename } query B { __typename }";
    for name in [json!("C"), json!("a"), json!(" A"), json!("x".repeat(10_000)), json!(""), Value::Null] {
        invalid(&world.server, None, &json!({ "query": several, "operationName": name })).await;
    }
    invalid(&world.server, None, &json!({ "query": "{ __typename }", "operationName": "A" })).await;
    invalid(&world.server, None, &json!({ "query": "query A { __typename }", "operationName": "B" })).await;
}

async fn only_the_operation_that_runs_is_judged(world: World) {
    let aliases: String = (0..31).map(|number| format!("a{number}: username ")).collect();
    let document = format!(
        "query Small {{ viewer {{ user {{ ...U }} }} }} fragment U on User {{ username }} \
         query Aliases {{ viewer {{ user {{ {aliases} ...U }} }} }} \
         query Cost($n: Int = 100) {{ rooms(first: $n) {{ nodes {{ messages(last: $n) {{ nodes {{ id }} }} }} }} }} \
         query Variables($n: Int!) {{ rooms(first: $n) {{ nodes {{ id }} }} }}"
    );
    let of = |name: &str, variables: Value| json!({ "query": document, "operationName": name, "variables": variables });
    runs(&world.server, &of("Small", json!({ "n": "no number" }))).await;
    refused(&world.server, None, &of("Aliases", json!({})), "aliases", 30).await;
    refused(&world.server, None, &of("Cost", json!({})), "cost", 5000).await;
    runs(&world.server, &of("Cost", json!({ "n": 2 }))).await;
    invalid(&world.server, None, &of("Variables", json!({}))).await;
    runs(&world.server, &of("Variables", json!({ "n": 1 }))).await;
}

async fn the_same_text_is_judged_by_its_variables_each_time(world: World) {
    let document = "query($n: Int!) { rooms(first: $n) { nodes { messages(last: $n) { nodes { id } } } } }";
    for _ in 0..3 {
        refused(&world.server, None, &json!({ "query": document, "variables": { "n": 100 } }), "cost", 5000).await;
        invalid(&world.server, None, &json!({ "query": document, "variables": { "n": "x" } })).await;
        runs(&world.server, &json!({ "query": document, "variables": { "n": 5 } })).await;
    }
}

async fn runs(server: &Server, request: &Value) {
    for transport in Transport::ALL {
        transport.ask(server, None, request.clone()).await.data();
    }
}

//! How large and how deep a document may be: exactly at each limit it runs, one beyond it does not.

use serde_json::{Value, json};
use tests::{Database, Engine, Server, World, claims};

use super::{refused, runs};

claims![
    fields_are_within_each_other_at_most_15_deep,
    a_document_has_at_most_4000_tokens,
    a_document_has_at_most_64_kib,
    a_document_has_at_most_50_directives,
    a_field_has_as_many_directives_as_are_allowed,
    a_document_has_at_most_30_aliases,
    an_operation_has_at_most_10_root_fields,
    an_operation_has_at_most_1000_selections,
    a_document_has_at_most_50_operations,
    fragments_count_where_they_are_spread,
];

async fn fields_are_within_each_other_at_most_15_deep(world: World) {
    // Five fields down to a message, then two for each turn.
    let document = |depth: usize| {
        let turns = (depth - 5) / 2;
        let within =
            "thread { lastMessage { ".repeat(turns) + if depth.is_multiple_of(2) { "thread { id }" } else { "id" };
        format!(
            "{{ viewer {{ threads(first: 1) {{ nodes {{ lastMessage {{ {within} }} }} }} }} {}}}",
            "} } ".repeat(turns)
        )
    };
    runs(&world.server, None, &document(15)).await;
    assert_eq!(refused(&world.server, None, &json!({ "query": document(16) }), "depth", 15).await, 16);
    // Fragments are no way around it.
    let halves = "query { viewer { threads(first: 1) { nodes { ...Thread } } } } \
        fragment Thread on Thread { lastMessage { thread { lastMessage { thread { ... on Thread { lastMessage { ...Message } } } } } } } \
        fragment Message on Message { thread { lastMessage { thread { lastMessage { thread { lastMessage { thread { id } } } } } } } }";
    assert_eq!(refused(&world.server, None, &json!({ "query": halves }), "depth", 15).await, 16);
}

async fn a_document_has_at_most_4000_tokens(world: World) {
    let document = |tokens: usize| {
        let threads = "threads(first: 1, archived: false) { pageInfo { hasNextPage } } ";
        // Commas and comments are no tokens.
        let rest = "__typename, # more of it\n".repeat(tokens - 5 - 260 * 15);
        format!("{{ viewer {{ {}{rest}}} }}", threads.repeat(260))
    };
    runs(&world.server, None, &document(4000)).await;
    assert_eq!(refused(&world.server, None, &json!({ "query": document(4001) }), "tokens", 4000).await, 4001);
    let endless = document(4000) + &" {".repeat(20_000);
    refused(&world.server, None, &json!({ "query": endless }), "tokens", 4000).await;
}

async fn a_document_has_at_most_64_kib(engine: Engine) {
    // What a socket takes at once is limited, too.
    let world = World::start_with(engine, &[("LINNET_SOCKET_MESSAGE_BYTES", "300000")]).await;
    for padding in [" ", "\n", ",", "#", "#é"] {
        let document = |bytes: usize| {
            let room = bytes - "{ __typename }".len();
            "{ __typename }".to_owned() + &" ".repeat(room % padding.len()) + &padding.repeat(room / padding.len())
        };
        assert_eq!(document(65_536).len(), 65_536);
        runs(&world.server, None, &document(65_536)).await;
        let request = json!({ "query": document(65_537) });
        assert_eq!(refused(&world.server, None, &request, "bytes", 65_536).await, 65_537);
    }
}

async fn a_document_has_at_most_50_directives(world: World) {
    let document = |count: usize| {
        let each = "username @include(if: true) ".repeat(count - 2);
        // One in a fragment counts once, however often it is spread.
        format!(
            "{{ viewer @skip(if: false) {{ user {{ {each} ...F ...F }} }} }} fragment F on User {{ id @skip(if: false) }}"
        )
    };
    runs(&world.server, None, &document(50)).await;
    assert_eq!(refused(&world.server, None, &json!({ "query": document(51) }), "directives", 50).await, 51);
}

async fn a_field_has_as_many_directives_as_are_allowed(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::start(&database, &[]).await;
    let directives = ["@include(if: true)", "@skip(if: false)"];
    for place in ["__typename D", "... D { __typename }", "...F D } fragment F on Query { __typename"] {
        let document = |count: usize| format!("{{ {} }}", place.replace('D', &directives[..count].join(" ")));
        runs(&server, None, &document(2)).await;
    }
    // There are two directives, and none may be repeated: what has six is no valid document.
    for count in [5, 6, 3000] {
        let document = format!("{{ __typename {} }}", "@include(if: true) ".repeat(count));
        for (transport, answer) in super::ask_all(&server, None, &json!({ "query": document })).await {
            assert!(matches!(answer.error_code(), Some("INVALID" | "TOO_EXPENSIVE")), "{count} by {transport:?}");
            super::not_run(transport, &answer);
        }
    }
    server.set("LINNET_FIELD_DIRECTIVES", "1");
    server.restart().await;
    for place in ["__typename D", "... D { __typename }", "...F D } fragment F on Query { __typename"] {
        let document = |count: usize| format!("{{ {} }}", place.replace('D', &directives[..count].join(" ")));
        runs(&server, None, &document(1)).await;
        assert_eq!(refused(&server, None, &json!({ "query": document(2) }), "fieldDirectives", 1).await, 2);
    }
}

async fn a_document_has_at_most_30_aliases(world: World) {
    let document = |count: usize| {
        let aliases: String = (1..count).map(|number| format!("a{number}: username ")).collect();
        format!("{{ viewer {{ user {{ {aliases} ...F }} }} }} fragment F on User {{ last: id }}")
    };
    runs(&world.server, None, &document(30)).await;
    assert_eq!(refused(&world.server, None, &json!({ "query": document(31) }), "aliases", 30).await, 31);
    // Those of an operation that is not run do not count.
    let beside = format!("query Other {{ viewer {{ user {{ other: id }} }} }} query This {}", document(30));
    for (_, answer) in super::ask_all(&world.server, None, &json!({ "query": beside, "operationName": "This" })).await {
        assert_eq!(answer.ok("/viewer"), &json!(null));
    }
}

async fn an_operation_has_at_most_10_root_fields(world: World) {
    let fields = |count: usize| (0..count).map(|number| format!("a{number}: __typename ")).collect::<String>();
    runs(&world.server, None, &format!("{{ {} }}", fields(10))).await;
    let too_many = [
        format!("{{ {} }}", fields(11)),
        format!("{{ {} }}", "__typename ".repeat(11)),
        format!("{{ {} ... on Query {{ last: __typename }} }}", fields(10)),
        format!("{{ {} ...F }} fragment F on Query {{ last: __typename }}", fields(10)),
        format!("mutation {{ {} last: __typename }}", fields(10)),
    ];
    for document in too_many {
        assert_eq!(refused(&world.server, None, &json!({ "query": document }), "rootFields", 10).await, 11);
    }
}

async fn an_operation_has_at_most_1000_selections(world: World) {
    let document = |count: usize| format!("{{ viewer {{ user {{ {}}} }} }}", "id ".repeat(count - 2));
    runs(&world.server, None, &document(1000)).await;
    assert_eq!(refused(&world.server, None, &json!({ "query": document(1001) }), "selections", 1000).await, 1001);
}

async fn a_document_has_at_most_50_operations(world: World) {
    let document =
        |count: usize| (0..count).map(|number| format!("query Q{number} {{ a{number}: __typename }} ")).collect();
    let request = |count: usize| json!({ "query": Value::String(document(count)), "operationName": "Q3" });
    for (transport, answer) in super::ask_all(&world.server, None, &request(50)).await {
        assert_eq!(answer.ok("/a3"), "Query", "{transport:?}");
    }
    assert_eq!(refused(&world.server, None, &request(51), "operations", 50).await, 51);
}

async fn fragments_count_where_they_are_spread(world: World) {
    // Each spread is ten selections: itself and nine; inline fragments are selections as well.
    let document = |last: &str| {
        let fragment = format!("fragment F on User {{ {}}}", "id ".repeat(9));
        format!("{{ viewer {{ user {{ {} ... {{ id id id id id }} {last}}} }} }} {fragment}", "...F ".repeat(99))
    };
    runs(&world.server, None, &document("id id")).await;
    let request = json!({ "query": document("id id id") });
    assert_eq!(refused(&world.server, None, &request, "selections", 1000).await, 1001);
}

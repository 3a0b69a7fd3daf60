//! Introspection costs no nodes, so that tools work; what of it would be endless is refused.

use serde_json::json;
use tests::{Engine, World, claims};

use super::{ask_all, invalid, refused, runs};
use crate::edge::INTROSPECTION;

claims![
    the_standard_introspection_costs_nothing,
    lists_of_introspection_nest_twice_and_no_deeper,
    many_introspections_in_one_document_are_refused,
    a_server_may_keep_its_schema_to_itself,
];

async fn the_standard_introspection_costs_nothing(world: World) {
    let request = json!({ "query": INTROSPECTION, "operationName": "IntrospectionQuery" });
    for (transport, answer) in ask_all(&world.server, None, &request).await {
        let types = answer.list("/__schema/types");
        assert!(types.iter().any(|one| one["name"] == "ThreadFrame"), "{transport:?}");
        assert_eq!(answer.json["extensions"]["cost"]["requested"], 0, "{transport:?}");
    }
}

async fn lists_of_introspection_nest_twice_and_no_deeper(world: World) {
    for (list, to_a_type) in
        [("fields", "type { W }"), ("interfaces", "W"), ("possibleTypes", "W"), ("inputFields", "type { W }")]
    {
        let nested = |lists: usize| {
            let within = (0..lists)
                .fold("name".to_owned(), |within, _| format!("{list} {{ {} }}", to_a_type.replace('W', &within)));
            format!("{{ __schema {{ types {{ {within} }} }} }}")
        };
        runs(&world.server, None, &nested(2)).await;
        let asked = refused(&world.server, None, &json!({ "query": nested(3) }), "introspection", 2).await;
        assert_eq!(asked, 3, "{list}");
    }
    let around = "{ __type(name: \"Query\") { fields { type { ...T } } } } \
        fragment T on __Type { fields { type { interfaces { name } } } }";
    assert_eq!(refused(&world.server, None, &json!({ "query": around }), "introspection", 2).await, 3);
    // A list of the product by the same name is none of these.
    runs(&world.server, None, "{ rooms(first: 1) { nodes { id } } __type(name: \"Room\") { fields { name } } }").await;
}

async fn many_introspections_in_one_document_are_refused(world: World) {
    let whole = "types { fields { name description args { name description type { name } } type { \
        fields { name description args { name type { name } } type { name } } } } }";
    let document = |count: usize| {
        let aliases: String = (0..count).map(|number| format!("a{number}: __schema {{ {whole} }} ")).collect();
        format!("{{ {aliases} }}")
    };
    runs(&world.server, None, &document(1)).await;
    for count in [4, 10] {
        for (transport, answer) in ask_all(&world.server, None, &json!({ "query": document(count) })).await {
            answer.failed("TOO_EXPENSIVE");
            super::not_run(transport, &answer);
            let told = &answer.json["errors"][0]["extensions"];
            assert_eq!(told["measure"], "values", "{told}");
            assert!(told["requested"].as_u64() > told["limit"].as_u64(), "{told}");
        }
    }
}

async fn a_server_may_keep_its_schema_to_itself(engine: Engine) {
    let closed = [("LINNET_INTROSPECTION", "off"), ("LINNET_GRAPHIQL", "off")];
    let world = World::start_with(engine, &closed).await;
    for document in [
        INTROSPECTION,
        "{ __schema { queryType { name } } }",
        "{ __type(name: \"Query\") { name } }",
        "{ __typename ...All } fragment All on Query { ... on Query { told: __schema { types { name } } } }",
    ] {
        invalid(&world.server, None, &json!({ "query": document })).await;
    }
    runs(&world.server, None, "{ __typename rooms(first: 1) { __typename } }").await;
    for page in ["/", "/graphiql", "/graphiql/", "/graphiql/assets/index.js"] {
        let answer = world.server.http().get(world.server.at(page)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{page}");
    }
}

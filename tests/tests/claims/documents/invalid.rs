//! What the specification calls invalid is refused, by every transport, and nothing of it is executed.

use serde_json::{Value, json};
use tests::{Transport, World, claims};

use super::{ask_all, invalid, runs};

claims![
    invalid_documents_are_refused,
    invalid_subscriptions_are_refused,
    misfit_variables_in_a_document_are_refused,
    variables_that_do_not_fit_are_refused,
    an_input_of_one_field_has_exactly_one,
    fields_of_an_input_are_given_once,
    variables_that_fit_are_taken,
    nothing_of_an_invalid_mutation_is_executed,
    many_errors_are_told_in_part,
];

async fn invalid_documents_are_refused(world: World) {
    let documents = [
        // No document.
        "",
        " ",
        "# nothing",
        "{",
        "{ }",
        "query",
        "nonsense",
        "{ __typename } }",
        "{ __typename } {",
        "{ a: }",
        "\u{0}",
        "{ __typename(\"x }",
        "type Query { a: Int }",
        "extend type Query { a: Int }",
        "{ __typename } type T { a: Int }",
        // Fields.
        "{ nothing }",
        "{ viewer }",
        "{ viewer { user } }",
        "{ viewer { email { x } } }",
        "{ __typename { x } }",
        "{ viewer { __schema { queryType { name } } } }",
        "{ __nothing }",
        "mutation { nothing }",
        "{ node(id: \"x\") { username } }",
        // The same name for different things.
        "{ a: __typename a: viewer { email } }",
        "{ rooms(first: 1) { nodes { id } } rooms(first: 2) { nodes { id } } }",
        "{ viewer { user { id: username id } } }",
        "{ node(id: \"x\") { ... on User { a: username } ... on Thread { a: participantCount } } }",
        // A text that may be missing and one that may not are not of one form.
        "{ node(id: \"x\") { ... on User { a: username } ... on Thread { a: title } } }",
        "{ viewer { ...F email: unreadThreadCount } } fragment F on Viewer { email }",
        // Arguments.
        "{ rooms(nothing: 1) { nodes { id } } }",
        "{ rooms(first: 1, first: 1) { nodes { id } } }",
        "{ __typename(a: 1) }",
        "{ rooms(first: \"ten\") { nodes { id } } }",
        "{ rooms(first: 1.5) { nodes { id } } }",
        "{ rooms(first: 4294967296) { nodes { id } } }",
        "{ rooms(first: [1]) { nodes { id } } }",
        "{ rooms(first: TEN) { nodes { id } } }",
        "{ node { id } }",
        "{ node(id: null) { id } }",
        "{ nodes(ids: [null]) { id } }",
        "{ user(by: { nothing: 1 }) { id } }",
        "mutation { messageSend { cursor } }",
        "mutation { messageSend(input: {}) { cursor } }",
        "mutation { messageSend(input: { threadId: \"x\" }) { cursor } }",
        // Directives.
        "{ __typename @nothing }",
        "{ __typename @include }",
        "{ __typename @skip(if: 1) }",
        "{ __typename @skip(if: true, a: 1) }",
        "{ __typename @deprecated }",
        "{ __typename @skip(if: true) @skip(if: true) }",
        "query @include(if: true) { __typename }",
        "query($a: Int @include(if: true)) { rooms(first: $a) { nodes { id } } }",
        "{ ... @nothing { __typename } }",
        "{ ...F @nothing } fragment F on Query { __typename }",
        "{ ...F } fragment F on Query @skip(if: true) { __typename }",
        // Fragments.
        "{ ...F }",
        "{ __typename } fragment F on Query { __typename }",
        "{ ...F } fragment F on Query { ...F }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        "{ viewer { ...F } } fragment F on Viewer { user { ...U } } fragment U on User { profile { displayName ...P } } fragment P on Profile { ...P }",
        "{ ...F } fragment F on Nothing { __typename }",
        "{ ...F } fragment F on String { __typename }",
        "{ ...F } fragment F on User { id }",
        "{ ... on User { id } }",
        "{ ... on UserBy { id } }",
        "{ ...F } fragment F on Query { __typename } fragment F on Query { __typename }",
        "{ ...F ...G } fragment F on Query { __typename } fragment G on Query { nothing }",
        "fragment F on Query { __typename }",
        "{ ...on } fragment on on Query { __typename }",
        // Operations.
        "{ __typename } { __typename }",
        "{ __typename } query A { __typename }",
        "query A { __typename } query A { __typename }",
        "query A { __typename } mutation A { __typename }",
        "query A { __typename } query B { nothing }",
    ];
    for document in documents {
        invalid(&world.server, None, &json!({ "query": document })).await;
    }
    for document in [
        "{ a: __typename b: __typename }",
        "{ __typename __typename ...F ...F } fragment F on Query { __typename }",
        "{ rooms(first: 1) { nodes { id } } rooms(first: 1) { nodes { title } } }",
        "{ nodes(ids: []) { ... on User { a: username } ... on Attachment { a: name } } }",
        "\u{feff}{ __typename }",
    ] {
        runs(&world.server, None, document).await;
    }
}

async fn invalid_subscriptions_are_refused(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let documents = [
        "subscription { a: inboxChanges { cursor } b: inboxChanges { cursor } }".to_owned(),
        "subscription { inboxChanges { cursor } inboxChanges(after: null) { cursor } }".to_owned(),
        format!("subscription {{ inboxChanges {{ cursor }} threadSignals(threadId: \"{room}\") {{ at }} }}"),
        "subscription { ...F ...G } fragment F on Subscription { a: inboxChanges { cursor } } \
            fragment G on Subscription { b: inboxChanges { cursor } }"
            .to_owned(),
        "subscription { __typename }".to_owned(),
        "subscription { ... on Subscription { __typename } }".to_owned(),
        "subscription { inboxChanges { cursor } __typename }".to_owned(),
        "subscription { __schema { queryType { name } } }".to_owned(),
        "subscription { nothing }".to_owned(),
        "subscription { threadEvents { cursor } }".to_owned(),
    ];
    for document in documents {
        invalid(&world.server, Some(&alice.token), &json!({ "query": document })).await;
    }
}

async fn misfit_variables_in_a_document_are_refused(world: World) {
    for document in [
        "query($a: Int!) { __typename }",
        "query($a: Nothing) { node(id: $a) { id } }",
        "query($a: User) { node(id: $a) { id } }",
        "query($a: Int, $a: Int) { rooms(first: $a) { nodes { id } } }",
        "{ rooms(first: $a) { nodes { id } } }",
        "query A($a: Int) { rooms(first: $a) { nodes { id } } } query B { rooms(first: $a) { nodes { id } } }",
        "query($a: String) { rooms(first: $a) { nodes { id } } }",
        "query($a: ID) { node(id: $a) { id } }",
        "query($a: [ID]!) { nodes(ids: $a) { id } }",
        "query($a: Int = \"ten\") { rooms(first: $a) { nodes { id } } }",
        "query($a: Int! = null) { rooms(first: $a) { nodes { id } } }",
        "query($a: Int = $b, $b: Int) { rooms(first: $a, last: $b) { nodes { id } } }",
        "{ ...F } fragment F on Query { rooms(first: $a) { nodes { id } } }",
    ] {
        for variables in [Value::Null, json!({}), json!({ "a": 1 })] {
            let request = json!({ "query": document, "variables": variables, "operationName": null });
            invalid(&world.server, None, &request).await;
        }
    }
}

async fn variables_that_do_not_fit_are_refused(world: World) {
    let int = "query($a: Int!) { rooms(first: $a) { nodes { id } } }";
    for value in
        [json!("ten"), json!("1"), json!(1.5), json!(true), json!([1]), json!({}), json!(1_i64 << 40), Value::Null]
    {
        invalid(&world.server, None, &json!({ "query": int, "variables": { "a": value } })).await;
    }
    let rows = [
        (int, json!({})),
        (int, json!({ "b": 1 })),
        ("query($a: Int) { rooms(first: $a) { nodes { id } } }", json!({ "a": "1" })),
        ("query($a: ID!) { node(id: $a) { id } }", json!({ "a": true })),
        ("query($a: ID!) { node(id: $a) { id } }", json!({ "a": 1.5 })),
        ("query($a: [ID!]!) { nodes(ids: $a) { id } }", json!({ "a": [null] })),
        ("query($a: [ID!]!) { nodes(ids: $a) { id } }", json!({ "a": [["x"]] })),
        ("query($a: String) { users(search: $a) { nodes { id } } }", json!({ "a": 1 })),
        ("query($a: Boolean!) { __typename @skip(if: $a) }", json!({ "a": "true" })),
        ("query($a: UserBy!) { user(by: $a) { id } }", json!({ "a": { "nothing": 1 } })),
        ("query($a: UserBy!) { user(by: $a) { id } }", json!({ "a": "x" })),
        ("mutation($a: MessageSendInput!) { messageSend(input: $a) { cursor } }", json!({ "a": { "threadId": "x" } })),
        (
            "query($a: ID!, $r: ParticipantRole) { thread(id: $a) { participants(role: $r) { totalCount } } }",
            json!({ "a": "x", "r": "KING" }),
        ),
    ];
    for (document, variables) in rows {
        invalid(&world.server, None, &json!({ "query": document, "variables": variables })).await;
    }
}

async fn an_input_of_one_field_has_exactly_one(world: World) {
    for by in ["{}", "{ id: \"x\", username: \"x\" }", "{ username: null }", "{ id: \"x\", username: null }"] {
        invalid(&world.server, None, &json!({ "query": format!("{{ user(by: {by}) {{ id }} }}") })).await;
    }
    // What may be null is none.
    let nullable = "query($a: ID) { user(by: { id: $a }) { id } }";
    invalid(&world.server, None, &json!({ "query": nullable, "variables": { "a": "x" } })).await;
    let document = "query($a: UserBy!) { user(by: $a) { id } }";
    for by in [json!({}), json!({ "id": "x", "username": "x" }), json!({ "username": null })] {
        invalid(&world.server, None, &json!({ "query": document, "variables": { "a": by } })).await;
    }
    let alice = world.user("alice").await;
    let document = "mutation { a: threadCreate(input: { room: { title: \"x\" } }) { thread { id } } \
        b: threadCreate(input: {}) { thread { id } } }";
    invalid(&world.server, Some(&alice.token), &json!({ "query": document })).await;
    let rooms = alice.graphql("{ rooms(first: 5) { nodes { id } } }", Value::Null).await;
    assert_eq!(rooms.ok("/rooms/nodes"), &json!([]), "nothing of it was executed");
}

async fn fields_of_an_input_are_given_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for given in ["id: \"x\", id: \"x\"", "id: \"x\", id: \"y\""] {
        invalid(&world.server, None, &json!({ "query": format!("{{ user(by: {{ {given} }}) {{ id }} }}") })).await;
    }
    let input = format!("threadId: \"{thread}\", content: \"this\", content: \"or that\"");
    let document = format!("mutation {{ messageSend(input: {{ {input} }}) {{ message {{ content }} }} }}");
    invalid(&world.server, Some(&alice.token), &json!({ "query": document })).await;
    assert_eq!(alice.history(&thread).await, []);
}

async fn variables_that_fit_are_taken(world: World) {
    let alice = world.user("alice").await;
    let rows = [
        ("query($a: Int) { rooms(first: $a) { nodes { id } } }", json!({})),
        ("query($a: Int) { rooms(first: $a) { nodes { id } } }", json!({ "a": null, "nobody asked": [1] })),
        ("query($a: Int = 3) { rooms(first: $a) { nodes { id } } }", json!({ "a": 1 })),
        ("query($a: Int! = 3) { rooms(first: $a) { nodes { id } } }", json!({})),
        ("query($a: ID!) { node(id: $a) { id } }", json!({ "a": alice.id })),
        ("query($a: [ID!]!) { nodes(ids: $a) { id } }", json!({ "a": alice.id })),
        ("query($a: Boolean!) { __typename @skip(if: $a) }", json!({ "a": true })),
        ("query($a: UserBy!) { user(by: $a) { id } }", json!({ "a": { "username": "alice" } })),
    ];
    for (document, variables) in rows {
        let request = json!({ "query": document, "variables": variables });
        for (transport, answer) in ask_all(&world.server, None, &request).await {
            assert!(answer.json.get("errors").is_none(), "{request} by {transport:?}: {}", answer.json);
        }
    }
}

async fn nothing_of_an_invalid_mutation_is_executed(world: World) {
    let alice = world.user("alice").await;
    let create = "a: threadCreate(input: { room: { title: \"should not be\" } }) { thread { id } }";
    for rest in ["nothing", "b: threadJoin(input: {}) { cursor }", "b: typingSignal { errors { code } }"] {
        invalid(&world.server, Some(&alice.token), &json!({ "query": format!("mutation {{ {create} {rest} }}") }))
            .await;
    }
    let document = format!("mutation($v: ThreadJoinInput!) {{ {create} b: threadJoin(input: $v) {{ cursor }} }}");
    for variables in [json!({}), json!({ "v": {} }), json!({ "v": null })] {
        let request = json!({ "query": document, "variables": variables });
        invalid(&world.server, Some(&alice.token), &request).await;
    }
    runs(&world.server, None, "{ __typename }").await;
    let rooms = alice.graphql("{ rooms(first: 5) { nodes { id } } }", Value::Null).await;
    assert_eq!(rooms.ok("/rooms/nodes"), &json!([]));
}

async fn many_errors_are_told_in_part(world: World) {
    let document = format!("{{ {} }}", (0..900).map(|number| format!("nothing{number} ")).collect::<String>());
    for transport in Transport::ALL {
        let answer = transport.ask(&world.server, None, json!({ "query": document })).await;
        let errors = answer.json["errors"].as_array().unwrap();
        assert!((1..=50).contains(&errors.len()), "{} errors", errors.len());
        assert!(answer.json.to_string().len() < 20_000, "an answer is no longer than it has to be");
        assert!(errors[0]["locations"][0]["line"].is_u64(), "{}", errors[0]);
    }
    let long = format!("{{ {} }}", "x".repeat(60_000));
    for transport in Transport::ALL {
        let answer = transport.ask(&world.server, None, json!({ "query": long })).await;
        assert!(answer.json.to_string().len() < 5_000, "what is quoted is cut short");
    }
}

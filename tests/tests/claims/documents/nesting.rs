//! Documents that nest: by brackets, by fragments. None brings the server down or takes it long.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Engine, Transport, World, claims};

use super::{ask_all, not_run, refused};

claims![
    brackets_nest_at_most_64_deep,
    lists_nest_as_deep_as_brackets_may,
    the_bomb_of_fragments_is_refused_at_once,
    a_bomb_beside_the_operation_that_runs_does_no_harm,
    fragments_that_spread_each_other_for_long_are_refused,
    documents_that_are_hard_to_validate_are_not,
];

/// Long enough for a busy machine and a build that is not optimised, and far less than a bomb takes that goes off.
const AT_ONCE: Duration = Duration::from_secs(3);

async fn brackets_nest_at_most_64_deep(world: World) {
    // Two brackets are around the lists.
    for (open, close) in [("[", "]"), ("[{a:", "}]"), ("{a:[", "]}")] {
        let brackets = if open.len() > 1 { 2 } else { 1 };
        for turns in [62_usize.div_ceil(brackets) + 1, 1_000, 5_000] {
            let value = open.repeat(turns) + "1" + &close.repeat(turns);
            let document = format!("{{ nodes(ids: {value}) {{ id }} }}");
            let request = json!({ "query": document });
            let asked = refused(&world.server, None, &request, "nesting", 64).await;
            assert_eq!(asked, 65, "it is no longer read");
        }
    }
    let request = json!({ "query": "[".repeat(100_000) });
    let answer = Transport::Http.ask(&world.server, None, request).await;
    answer.failed("TOO_EXPENSIVE");
    assert!(world.server.exited().is_none(), "the process is still the same");
}

async fn lists_nest_as_deep_as_brackets_may(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    // Three brackets are around the lists.
    for (lists, fits) in [(60, true), (61, true), (62, false)] {
        let metadata = "[".repeat(lists) + &"]".repeat(lists);
        let document = format!(
            "mutation {{ messageSend(input: {{ threadId: \"{thread}\", content: \"x\", metadata: {metadata} }}) {{ \
                message {{ metadata }} errors {{ code path }} }} }}"
        );
        if !fits {
            refused(&world.server, Some(&alice.token), &json!({ "query": document }), "nesting", 64).await;
            continue;
        }
        for (transport, answer) in ask_all(&world.server, Some(&alice.token), &json!({ "query": document })).await {
            let stored = answer.ok("/messageSend/message/metadata").to_string();
            assert_eq!(stored, metadata, "{lists} lists by {transport:?}");
        }
    }
}

async fn the_bomb_of_fragments_is_refused_at_once(world: World) {
    for (fragments, spreads) in [(10, 10), (25, 10), (30, 2), (20, 40)] {
        let mut bomb = "{ ...F0 }".to_owned();
        for number in 0..fragments {
            let within = format!("...F{} ", number + 1).repeat(spreads);
            bomb += &format!(" fragment F{number} on Query {{ {within}}}");
        }
        bomb += &format!(" fragment F{fragments} on Query {{ __typename }}");
        at_once(&world, &json!({ "query": bomb })).await;
    }
    // The same by fields, where each level is twice in the one above.
    let mut bomb = "{ viewer { threads(first: 1) { nodes { ...F0 } } } }".to_owned();
    for number in 0..7 {
        let within = format!("lastMessage {{ thread {{ ...F{} }} }} ", number + 1).repeat(8);
        bomb += &format!(" fragment F{number} on Thread {{ {within}}}");
    }
    bomb += " fragment F7 on Thread { id }";
    at_once(&world, &json!({ "query": bomb })).await;
}

async fn a_bomb_beside_the_operation_that_runs_does_no_harm(world: World) {
    let mut bomb = "query Runs { __typename } query Bomb { ...F0 }".to_owned();
    for number in 0..28 {
        bomb += &format!(" fragment F{number} on Query {{ {}}}", format!("...F{} ", number + 1).repeat(2));
    }
    bomb += " fragment F28 on Query { __typename }";
    for transport in Transport::ALL {
        for (name, code) in [("Runs", None), ("Bomb", Some("TOO_EXPENSIVE"))] {
            let begun = Instant::now();
            let request = json!({ "query": bomb, "operationName": name });
            let answer = transport.ask(&world.server, None, request).await;
            let took = begun.elapsed();
            assert_eq!(answer.error_code(), code, "{name} by {transport:?}: {}", answer.json);
            assert!(took < AT_ONCE, "{name} by {transport:?} took {took:?}");
        }
    }
}

/// Fails the test unless a request is refused as too large, and without taking long.
async fn at_once(world: &World, request: &Value) {
    for transport in Transport::ALL {
        let begun = Instant::now();
        let answer = transport.ask(&world.server, None, request.clone()).await;
        let took = begun.elapsed();
        answer.failed("TOO_EXPENSIVE");
        not_run(transport, &answer);
        let extensions = &answer.json["errors"][0]["extensions"];
        assert!(extensions["measure"] == "selections" || extensions["measure"] == "nesting", "{extensions}");
        assert!(took < AT_ONCE, "{:.100} by {transport:?} took {took:?}", request["query"]);
    }
}

async fn fragments_that_spread_each_other_for_long_are_refused(engine: Engine) {
    let chain = |length: usize| {
        let mut document = "{ ...F0 }".to_owned();
        for number in 1..length {
            document += &format!(" fragment F{} on Query {{ ...F{number} }}", number - 1);
        }
        json!({ "query": document + &format!(" fragment F{} on Query {{ __typename }}", length - 1) })
    };
    let world = World::start(engine).await;
    super::runs(&world.server, None, chain(20)["query"].as_str().unwrap()).await;
    for length in [100, 450, 600] {
        for (transport, answer) in ask_all(&world.server, None, &chain(length)).await {
            assert!(matches!(answer.error_code(), Some("TOO_EXPENSIVE" | "INVALID")), "{length} by {transport:?}");
            not_run(transport, &answer);
        }
    }
    // What does not depend on how many tokens an operator allows.
    let generous = [("LINNET_DOCUMENT_TOKENS", "1000000"), ("LINNET_DOCUMENT_BYTES", "1000000")];
    let world = World::start_with(engine, &generous).await;
    for length in [600, 2_000, 20_000] {
        let answer = Transport::Http.ask(&world.server, None, chain(length)).await;
        assert!(matches!(answer.error_code(), Some("TOO_EXPENSIVE" | "INVALID")), "{length}: {}", answer.json);
        not_run(Transport::Http, &answer);
    }
    assert!(world.server.exited().is_none(), "the process is still the same");
}

async fn documents_that_are_hard_to_validate_are_not(world: World) {
    // Fields that have to be compared with each other, at every level of many.
    let pairs = |depth: usize, width: usize| {
        let mut document = "{ viewer { threads(first: 1) { nodes { ".to_owned();
        document += &"lastMessage { thread { ".repeat(depth);
        document += &"id title ".repeat(width);
        document + &"} } ".repeat(depth) + "} } } }"
    };
    let spread = |count: usize| {
        let spreads: String = (0..count).map(|number| format!("...F{number} ")).collect();
        let fragments = (0..count).map(|number| format!(" fragment F{number} on User {{ id username ...G }}"));
        format!("{{ viewer {{ user {{ {spreads}}} }} }} fragment G on User {{ kind }}{}", fragments.collect::<String>())
    };
    for document in [pairs(5, 480), spread(150)] {
        for transport in Transport::ALL {
            let begun = Instant::now();
            let answer = transport.ask(&world.server, None, json!({ "query": document })).await;
            let took = begun.elapsed();
            assert_eq!(answer.ok("/viewer"), &Value::Null, "{document:.100}");
            assert!(took < AT_ONCE, "{document:.100} by {transport:?} took {took:?}");
        }
    }
}

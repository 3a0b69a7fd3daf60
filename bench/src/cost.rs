//! What requests cost the server's CPU: one that was never asked before against one that is repeated, and counting against not.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Client, Engine, World};

use crate::SETTINGS;
use crate::process::cpu;

const ROUNDS: usize = 5;
const REQUESTS: usize = 2000;
const AT_ONCE: usize = 4;

/// A page as a chat client asks for it.
const PAGE: &str = "query Page($thread: ID!, $last: Int = 50) { thread(id: $thread) { id title kind eventCursor \
    participantCount viewerState { role unreadCount lastReadCursor canSend } \
    messages(last: $last) { pageInfo { hasPreviousPage startCursor } edges { cursor node { ...Shown \
    parent { id content sender { ...Face } } } } } } } \
    fragment Face on User { id username profile { displayName avatarUrl } } \
    fragment Shown on Message { id content version createdAt editedAt deletedAt status clientKey replyCount sender { ...Face } \
    reactions { emoji count viewerHasReacted } attachments { id url name type size } receipts { user { id } readAt } }";

/// A first request against a repeated one.
pub(crate) async fn repeat() {
    let world = World::start_with(Engine::Sqlite, SETTINGS).await;
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let cases = [
        ("{ __typename }", "{ __typename }".to_owned(), json!({})),
        ("a page of an empty room", PAGE.to_owned(), json!({ "thread": room })),
    ];
    println!("server CPU of a whole request, µs, median of {ROUNDS} rounds of {REQUESTS}:");
    for (name, document, variables) in cases {
        for (who, client) in [("anonymous", &world.anonymous), ("signed in", &*alice)] {
            let (mut first, mut repeated) = (Vec::new(), Vec::new());
            for round in 0..ROUNDS {
                repeated.push(spend(&world, client, |_| document.clone(), &variables).await);
                // A comment makes it another document.
                let distinct = |number| format!("{document} # {round} {number}");
                first.push(spend(&world, client, distinct, &variables).await);
            }
            let (first, repeated) = (median(first), median(repeated));
            println!("  {name}, {who}: first {first:.0}, repeated {repeated:.0}, ratio {:.2}", repeated / first);
        }
    }
}

/// Counting and the log as they are by default, against neither.
pub(crate) async fn telemetry() {
    let with = World::start_with(Engine::Sqlite, &[SETTINGS, &[("LINNET_LOG", "info")]].concat()).await;
    let quiet = [("LINNET_METRICS", "off"), ("LINNET_LOG", "off")];
    let without = World::start_with(Engine::Sqlite, &[SETTINGS, &quiet].concat()).await;
    println!("server CPU of a whole request, µs, median of {ROUNDS} rounds of {REQUESTS}, in turns:");
    let mut ask = Vec::new();
    for world in [&with, &without] {
        let alice = world.user("alice").await;
        let room = world.room(&alice).await;
        for number in 0..50 {
            alice.post(&room, &format!("message {number}")).await;
        }
        ask.push((world, alice, room));
    }
    let send =
        "mutation Send($thread: ID!) { messageSend(input: { threadId: $thread, content: \"hello\" }) { cursor } }";
    for (name, document) in [("{ __typename }", "query Tiny { __typename }"), ("a page of 50", PAGE), ("a send", send)]
    {
        let mut used = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (which, (world, alice, room)) in ask.iter().enumerate() {
                let variables = if name.starts_with('{') { json!({}) } else { json!({ "thread": room }) };
                used[which].push(spend(world, alice, |_| document.to_owned(), &variables).await);
            }
        }
        let [with, without] = used.map(median);
        println!("  {name}: {with:.0} with, {without:.0} without, ratio {:.3}", with / without);
    }
}

/// CPU of a request in microseconds, in the mean.
async fn spend(world: &World, client: &Client, document: impl Fn(usize) -> String, variables: &Value) -> f64 {
    let before = cpu(&world.server);
    for number in 0..REQUESTS / AT_ONCE {
        let asked = (0..AT_ONCE).map(|which| {
            let (document, variables) = (document(number * AT_ONCE + which), variables.clone());
            async move { client.graphql(&document, variables).await.data().is_object() }
        });
        assert!(join_all(asked).await.into_iter().all(|answered| answered));
    }
    let used: Duration = cpu(&world.server) - before;
    used.as_secs_f64() * 1e6 / REQUESTS as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

//! What a page cannot be asked for.

use serde_json::{Value, json};
use tests::{Answer, Client, World, claims};

use super::listing::{Listing, messages};

claims![
    sizes_out_of_bounds_are_refused,
    first_and_last_together_are_refused,
    cursors_that_nobody_made_are_refused,
    cursors_of_another_kind_are_refused,
    cursors_of_another_thread_are_refused,
    events_refuse_the_same,
];

async fn sizes_out_of_bounds_are_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.send(&thread, "x").await;
    for listing in listings(&alice, &thread) {
        for size in ["0", "-1", "101", "1000", "2147483647", "-2147483648"] {
            for argument in ["first", "last"] {
                named(&listing.ask(&format!("{argument}: {size}")).await, argument);
            }
        }
        for size in ["1", "100"] {
            listing.page(&format!("first: {size}")).await;
            listing.page(&format!("last: {size}")).await;
        }
    }
}

async fn first_and_last_together_are_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for listing in listings(&alice, &thread) {
        listing.ask("first: 1, last: 1").await.failed("INVALID");
    }
}

async fn cursors_that_nobody_made_are_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "x").await;
    let longer = format!("{}A", sent.cursor);
    let made_up = ["", "nonsense", "0", "-1", "AAAAAAAAAAAAAAAAAAAAAAAA", "ä", "\\u0000", &sent.cursor[1..], &longer];
    for listing in listings(&alice, &thread) {
        for cursor in made_up {
            named(&listing.ask(&format!("first: 1, after: \"{cursor}\"")).await, "after");
            named(&listing.ask(&format!("last: 1, before: \"{cursor}\"")).await, "before");
        }
    }
}

async fn cursors_of_another_kind_are_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.send(&thread, "x").await;
    world.room(&alice).await;
    let socket = world.socket(&alice).await;
    let of_inbox = socket.inbox(None).await.event().await["cursor"].as_str().unwrap().to_owned();
    let listings = listings(&alice, &thread);
    let mut cursors = vec![of_inbox];
    for listing in &listings {
        cursors.push(listing.page("first: 1").await.cursors[0].clone());
    }
    for (number, listing) in listings.iter().enumerate() {
        for (other, cursor) in cursors.iter().enumerate() {
            if other != number + 1 {
                named(&listing.ask(&format!("first: 1, after: \"{cursor}\"")).await, "after");
            }
        }
    }
}

async fn cursors_of_another_thread_are_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    let elsewhere = alice.send(&group, "x").await;
    let listing = messages(&alice, &thread, Vec::new());
    named(&listing.ask(&format!("first: 1, after: \"{}\"", elsewhere.cursor)).await, "after");
    named(&listing.ask(&format!("last: 1, before: \"{}\"", elsewhere.cursor)).await, "before");
}

async fn events_refuse_the_same(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    let elsewhere = alice.send(&group, "x").await;
    let document = "query($id: ID!, $first: Int, $after: Cursor) { thread(id: $id) { \
        events(first: $first, after: $after) { frames { cursor } } } }";
    let ask = async |first: i64, after: Value| {
        alice.graphql(document, json!({ "id": thread, "first": first, "after": after })).await
    };
    for first in [0, -1, 101] {
        named(&ask(first, Value::Null).await, "first");
    }
    for after in ["nonsense", "", &elsewhere.cursor] {
        named(&ask(1, json!(after)).await, "after");
    }
}

/// A connection of each kind of cursor.
fn listings<'a>(client: &'a Client, thread: &str) -> Vec<Listing<'a>> {
    let node = ("__typename", "/__typename");
    let listing = |document, field, pointer| {
        let variables = json!({ "id": thread });
        Listing { client, document, field, variables, node, pointer, expected: Vec::new() }
    };
    let own = "query($id: ID!) { thread(id: $id) { CONNECTION } }";
    vec![
        listing(own, "messages", "/thread/messages"),
        listing(own, "participants", "/thread/participants"),
        listing("{ CONNECTION }", "users", "/users"),
        listing("{ viewer { CONNECTION } }", "threads", "/viewer/threads"),
        listing("{ CONNECTION }", "rooms", "/rooms"),
    ]
}

/// The request was refused as INVALID, and the error names the argument.
#[track_caller]
fn named(answer: &Answer, argument: &str) {
    answer.failed("INVALID");
    let message = answer.json["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(message.contains(argument), "the error names {argument}: {message}");
}

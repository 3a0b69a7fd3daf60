//! The feed and its parts, page by page.

use serde_json::{Value, json};
use tests::chirp::messages;
use tests::{Answer, User, World, claims};

use crate::statements::statements_of;

claims![
    the_feed_is_everybodys_the_newest_first,
    the_feed_is_walked_from_both_ends,
    somebodys_chirps_are_walked_from_both_ends,
    a_page_of_chirps_takes_as_many_statements_whatever_its_length,
    chirps_of_twenty_people_take_as_many_statements_as_of_two,
    cursors_of_other_lists_are_refused,
    a_block_hides_nothing_that_anybody_may_read,
];

async fn the_feed_is_everybodys_the_newest_first(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for number in 0..3 {
        alice.chirp(&format!("alice {number}")).await;
        bob.chirp(&format!("bob {number}")).await;
    }
    let all = ["bob 2", "alice 2", "bob 1", "alice 1", "bob 0", "alice 0"];
    assert_eq!(world.anonymous.feed_messages("first: 10").await, all);
    let of_bob = world.anonymous.chirps_of(&bob.id, "first: 2").await;
    assert_eq!(messages(of_bob.ok("/user/chirps")), ["bob 2", "bob 1"]);
    // A change moves nothing.
    let oldest = world.anonymous.feed("last: 1").await;
    let id = oldest.text("/chirps/edges/0/node/id");
    alice.try_update_chirp(json!({ "id": id, "message": "alice zero" })).await.ok("/chirpUpdate/chirp");
    assert_eq!(world.anonymous.feed_messages("last: 2").await, ["bob 0", "alice zero"]);
}

/// Walks through a list of chirps in pages of some sizes, from the one end and from the other.
async fn walk(page: impl AsyncFn(String) -> Answer, at: &str, all: &[String]) {
    for size in [1, 2, 5, all.len()] {
        let (mut seen, mut arguments) = (Vec::new(), format!("first: {size}"));
        while seen.len() < all.len() {
            let answer = page(arguments.clone()).await;
            let list = answer.ok(at);
            assert_eq!(list["pageInfo"]["hasPreviousPage"], json!(!seen.is_empty()), "{arguments}");
            seen.extend(messages(list));
            assert_eq!(list["pageInfo"]["hasNextPage"], json!(seen.len() < all.len()), "{arguments}");
            arguments = format!("first: {size}, after: {}", list["pageInfo"]["endCursor"]);
        }
        assert_eq!(seen, all);
        let (mut left, mut arguments) = (all.to_vec(), format!("last: {size}"));
        while !left.is_empty() {
            let answer = page(arguments.clone()).await;
            let list = answer.ok(at);
            let found = messages(list);
            assert_eq!(list["pageInfo"]["hasNextPage"], json!(left.len() < all.len()), "{arguments}");
            assert_eq!(left.split_off(left.len() - found.len()), found, "{arguments}");
            assert_eq!(list["pageInfo"]["hasPreviousPage"], json!(!left.is_empty()), "{arguments}");
            arguments = format!("last: {size}, before: {}", list["pageInfo"]["startCursor"]);
        }
    }
}

/// Chirps of two in turn, with some between that are gone; what is left of all, and of the first, the newest first.
async fn talk(one: &User, other: &User) -> (Vec<String>, Vec<String>) {
    let (mut all, mut of_one) = (Vec::new(), Vec::new());
    for number in 0..14 {
        let who = if number % 3 == 0 { other } else { one };
        let text = format!("{} {number}", who.username);
        let sent = who.chirp(&text).await;
        if number % 4 == 1 {
            who.delete_chirp(&sent).await;
            continue;
        }
        all.insert(0, text.clone());
        if who.id == one.id {
            of_one.insert(0, text);
        }
    }
    (all, of_one)
}

async fn the_feed_is_walked_from_both_ends(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (all, _) = talk(&alice, &bob).await;
    walk(async |arguments| world.anonymous.feed(&arguments).await, "/chirps", &all).await;
    for arguments in ["first: 0", "first: 101", "first: 1, last: 1", "first: 1, after: \"nonsense\""] {
        world.anonymous.feed(arguments).await.failed("INVALID");
    }
}

async fn somebodys_chirps_are_walked_from_both_ends(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (_, of_alice) = talk(&alice, &bob).await;
    walk(async |arguments| bob.chirps_of(&alice.id, &arguments).await, "/user/chirps", &of_alice).await;
    let silent = world.user("silent").await;
    assert!(messages(bob.chirps_of(&silent.id, "first: 5").await.ok("/user/chirps")).is_empty());
}

async fn a_page_of_chirps_takes_as_many_statements_whatever_its_length(world: World) {
    let authors = world.crowd("author", 5).await;
    for number in 0..30 {
        authors[number % 5].chirp(&format!("chirp {number}")).await;
    }
    let document = "query($first: Int!) { chirps(first: $first) { eventCursor edges { cursor node { \
        id message author { username profile { displayName } viewerHasBlocked } } } pageInfo { hasNextPage } } }";
    let mut counts = Vec::new();
    for first in [2, 30] {
        let (answer, statements) = statements_of(&world, &authors[0], document, json!({ "first": first })).await;
        assert_eq!(answer.list("/chirps/edges").len(), first);
        counts.push(statements);
    }
    assert_eq!(counts[0].len(), counts[1].len(), "{counts:#?}");
    // Who asks, how far the log has come, the chirps, their authors, whom one has blocked.
    assert!(counts[0].len() <= 5, "{counts:#?}");
}

async fn chirps_of_twenty_people_take_as_many_statements_as_of_two(world: World) {
    let people = world.crowd("author", 20).await;
    for person in &people {
        for number in 0..3 {
            person.chirp(&format!("{} {number}", person.username)).await;
        }
    }
    let cursor = world.anonymous.feed("first: 30").await.text("/chirps/pageInfo/endCursor");
    let document = "query($first: Int!, $after: Cursor) { users(first: $first) { nodes { username \
        chirps(first: 2, after: $after) { nodes { message author { username } } pageInfo { hasNextPage hasPreviousPage } } } } }";
    for after in [Value::Null, json!(cursor)] {
        let mut counts = Vec::new();
        for first in [2, 20] {
            let (answer, statements) =
                statements_of(&world, &people[0], document, json!({ "first": first, "after": after })).await;
            let users = answer.list("/users/nodes");
            assert_eq!(users.len(), first);
            let said = users.iter().flat_map(|user| messages(&user["chirps"])).count();
            assert!(after.is_string() || said == 2 * first, "{said} chirps");
            counts.push(statements);
        }
        assert_eq!(counts[0].len(), counts[1].len(), "{counts:#?}");
    }
}

async fn cursors_of_other_lists_are_refused(world: World) {
    let alice = world.user("alice").await;
    alice.chirp("hello").await;
    let room = world.room(&alice).await;
    let of_thread = alice.send(&room, "hello").await.cursor;
    let of_list = alice.graphql("{ users(first: 1) { pageInfo { endCursor } } }", Value::Null).await;
    for cursor in [of_thread, of_list.text("/users/pageInfo/endCursor")] {
        alice.feed(&format!("first: 1, after: \"{cursor}\"")).await.failed("INVALID");
    }
    let own = alice.feed_cursor().await;
    let page = alice.page(&room, &format!("first: 1, after: \"{own}\"")).await;
    page.failed("INVALID");
}

async fn a_block_hides_nothing_that_anybody_may_read(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    alice.chirp("of alice").await;
    bob.chirp("of bob").await;
    alice.block(&bob).await;
    for reader in [&alice, &bob] {
        assert_eq!(reader.feed_messages("first: 5").await, ["of bob", "of alice"], "as who signs out reads it");
    }
    let document = "{ chirps(first: 5) { nodes { author { username viewerHasBlocked } } } }";
    for (reader, blocked) in [(&alice, [true, false]), (&bob, [false, false])] {
        let answer = reader.graphql(document, Value::Null).await;
        let flags: Vec<_> =
            answer.list("/chirps/nodes").iter().map(|node| node["author"]["viewerHasBlocked"] == true).collect();
        assert_eq!(flags, blocked, "one is told whom one has blocked, and nobody that they are");
    }
}

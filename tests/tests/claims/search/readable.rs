//! Nobody finds what they may not read, by whatever they ask.

use futures_util::future::join_all;
use serde_json::json;
use tests::id::absent;
use tests::search::{SEARCH, contents};
use tests::{Client, User, World, claims, eventually};

use crate::statements::statements_of;

claims![
    everybody_finds_what_they_may_read_and_nothing_else,
    who_leaves_finds_nothing_any_more_and_who_joins_all,
    a_block_hides_nothing_that_is_still_read,
    what_others_say_leaves_no_gap_in_a_page,
    what_one_may_not_read_takes_no_statement_however_often_it_says_it,
    the_anonymous_find_nothing,
    keys_that_read_search,
];

async fn finds(user: &User, query: &str, expected: &[&str]) {
    assert_eq!(user.search(query).await, expected, "{query}");
}

async fn everybody_finds_what_they_may_read_and_nothing_else(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let guest = world.guest("visitor").await;
    let group = world.group(&alice, &[&bob]).await;
    let direct = alice.create_direct(&carol).await;
    let room = bob.create_room("A room").await;
    alice.send(&group, "secret of the group").await;
    alice.send(&direct, "secret of the two").await;
    bob.send(&room, "no secret of the room").await;
    let [of_group, of_two, of_room] = ["secret of the group", "secret of the two", "no secret of the room"];
    finds(&alice, "secret", &[of_room, of_two, of_group]).await;
    finds(&bob, "secret", &[of_room, of_group]).await;
    finds(&carol, "secret", &[of_room, of_two]).await;
    finds(&guest, "secret", &[of_room]).await;
    // By the thread, too; and a thread that one may not read is one that is not there.
    for (user, thread, expected) in [
        (&alice, &group, &[of_group][..]),
        (&alice, &direct, &[of_two]),
        (&alice, &room, &[of_room]),
        (&bob, &direct, &[]),
        (&carol, &group, &[]),
        (&carol, &room, &[of_room]),
        (&guest, &room, &[of_room]),
        (&guest, &group, &[]),
        (&guest, &absent(&group), &[]),
    ] {
        assert_eq!(user.found(json!({ "query": "secret", "threadId": thread })).await, expected);
    }
    let of_alice = json!({ "query": "secret", "senderId": alice.id });
    assert_eq!(carol.found(of_alice.clone()).await, [of_two]);
    assert!(guest.found(of_alice).await.is_empty());
}

async fn who_leaves_finds_nothing_any_more_and_who_joins_all(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send(&group, "needle one").await;
    finds(&bob, "needle", &["needle one"]).await;
    bob.leave(&group).await;
    finds(&bob, "needle", &[]).await;
    assert!(bob.found(json!({ "query": "needle", "threadId": group })).await.is_empty());
    alice.send(&group, "needle two").await;
    alice.add(&group, &carol).await;
    finds(&carol, "needle", &["needle two", "needle one"]).await;
    alice.add(&group, &bob).await;
    finds(&bob, "needle", &["needle two", "needle one"]).await;
    alice.remove(&group, &carol).await;
    finds(&carol, "needle", &[]).await;
    // A room is read by anybody, in or out.
    let room = alice.create_room("A room").await;
    alice.send(&room, "needle in a room").await;
    carol.join(&room).await;
    carol.leave(&room).await;
    finds(&carol, "needle", &["needle in a room"]).await;
}

async fn a_block_hides_nothing_that_is_still_read(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let direct = alice.create_direct(&bob).await;
    bob.send(&direct, "needle of before").await;
    alice.block(&bob).await;
    // The thread is closed, not hidden: both still read it, and so both find what is in it.
    finds(&alice, "needle", &["needle of before"]).await;
    finds(&bob, "needle", &["needle of before"]).await;
}

async fn what_others_say_leaves_no_gap_in_a_page(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let (own, others) = (world.group(&alice, &[&bob]).await, world.group(&bob, &[&carol]).await);
    for number in 0..30 {
        if number % 3 == 0 {
            alice.send(&own, &format!("needle {number}")).await;
        }
        bob.send(&others, &format!("needle of others {number}")).await;
        carol.send(&others, &format!("another needle {number}")).await;
    }
    let expected: Vec<_> = (0..10).rev().map(|number| format!("needle {}", number * 3)).collect();
    let first = alice.search_with(json!({ "query": "needle", "first": 4 })).await;
    assert_eq!(tests::search::contents(&first), expected[..4]);
    assert_eq!(first.ok("/viewer/messageSearch/pageInfo/hasNextPage"), true);
    let after = first.text("/viewer/messageSearch/pageInfo/endCursor");
    let rest = alice.search_with(json!({ "query": "needle", "first": 6, "after": after })).await;
    assert_eq!(tests::search::contents(&rest), expected[4..]);
    assert_eq!(rest.ok("/viewer/messageSearch/pageInfo/hasNextPage"), false, "what others say is not behind it");
    // Nor does a cursor of others lead to what they say.
    let theirs = bob.search_with(json!({ "query": "needle", "first": 3 })).await;
    let theirs = theirs.text("/viewer/messageSearch/pageInfo/endCursor");
    for arguments in [json!({ "query": "others", "after": theirs }), json!({ "query": "others", "before": theirs })] {
        assert!(alice.found(arguments).await.is_empty());
    }
}

async fn what_one_may_not_read_takes_no_statement_however_often_it_says_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let room = alice.create_room("A room").await;
    bob.send(&bob.create_room("Another room").await, "needle and straw").await;
    alice.remove(&group, &bob).await;
    alice.ban(&room, &bob).await;
    for thread in [&group, &room] {
        for _ in 0..20 {
            join_all((0..50).map(|_| alice.send(thread, "needle"))).await;
        }
    }
    let costs = async |query: &str, thread: Option<&str>| {
        let arguments = json!({ "query": query, "threadId": thread, "first": 1 });
        let (answer, statements) = statements_of(&world, &bob, SEARCH, arguments).await;
        (contents(&answer).len(), statements.len())
    };
    for thread in [group.as_str(), room.as_str(), &absent(&group)] {
        assert_eq!(costs("needle", Some(thread)).await, costs("nothing", Some(thread)).await);
        assert_eq!(costs("needle", Some(thread)).await.0, 0);
    }
    assert_eq!(costs("needle", Some(&group)).await, costs("needle", Some(&absent(&group))).await);
    // On PostgreSQL what is found costs as many statements as periods have gone by, one of which may end in between.
    let alike = async || {
        let cost = costs("needle", None).await;
        (costs("straw", None).await == cost).then_some(cost)
    };
    assert_eq!(eventually("both to cost the same", alike).await.0, 1);
    // Whose ban has ended finds what is said there.
    alice.unban(&room, &bob).await;
    assert_eq!(bob.found(json!({ "query": "needle", "first": 5 })).await, ["needle"; 5]);
}

async fn the_anonymous_find_nothing(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    alice.send(&room, "needle").await;
    let anonymous: &Client = &world.anonymous;
    let document = "{ viewer { messageSearch(query: \"needle\") { nodes { message { id } } } } }";
    assert_eq!(anonymous.graphql(document, json!({})).await.data(), &json!({ "viewer": null }));
}

async fn keys_that_read_search(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send(&group, "needle").await;
    for scopes in [&["READ"][..], &["READ", "WRITE"]] {
        let key = alice.create_key(scopes).await;
        assert_eq!(key.user.search("needle").await, ["needle"]);
    }
}

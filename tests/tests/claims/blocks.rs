//! Blocks: two who are kept apart, one of whom wants it so and the other of whom is not told.

mod direct;
mod lists;
mod meetings;
mod races;
mod signals;

use serde_json::json;
use tests::id::{MALFORMED, absent, with_prefix};
use tests::{User, World, claims};

claims![
    blocks_are_listed_for_the_one_who_made_them,
    a_list_of_blocks_is_walked_from_both_ends,
    blocking_twice_and_lifting_nothing_does_no_harm,
    nobody_blocks_themselves_or_nobody,
    who_is_not_signed_in_blocks_nobody_and_has_blocked_nobody,
    guests_block_and_are_blocked,
    blocks_go_with_either_account,
    a_page_of_people_tells_of_blocks_in_one_statement,
];

async fn blocks_are_listed_for_the_one_who_made_them(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    alice.block(&bob).await;
    alice.block(&carol).await;
    bob.block(&alice).await;
    let page = alice.blocked("first: 10").await;
    let edges = page.list("/viewer/blockedUsers/edges");
    let names: Vec<_> = edges.iter().map(|edge| edge["node"]["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["carol", "bob"], "the latest first");
    assert!(edges.iter().all(|edge| edge["blockedAt"].is_string() && edge["node"]["viewerHasBlocked"] == true));
    assert_eq!(names_of(&bob).await, ["alice"]);
    assert!(names_of(&carol).await.is_empty(), "whoever is blocked is not told");
    assert!(names_of(&dave).await.is_empty());
    alice.unblock(&carol).await;
    assert_eq!(names_of(&alice).await, ["bob"]);
    assert_eq!(names_of(&bob).await, ["alice"], "everyone lifts their own");
    // Whoever asks is told of their own blocks, whatever way they come to an account.
    let document = "query($id: ID!) { user(by: { id: $id }) { viewerHasBlocked } \
        node(id: $id) { ... on User { viewerHasBlocked } } viewer { user { viewerHasBlocked } } }";
    for (user, other, blocked) in
        [(&alice, &bob, true), (&alice, &carol, false), (&bob, &alice, true), (&carol, &alice, false)]
    {
        let answer = user.graphql(document, json!({ "id": other.id })).await;
        let expected = json!({ "user": { "viewerHasBlocked": blocked }, "node": { "viewerHasBlocked": blocked },
            "viewer": { "user": { "viewerHasBlocked": false } } });
        assert_eq!(answer.data(), &expected, "{} of {}", user.username, other.username);
    }
}

async fn a_list_of_blocks_is_walked_from_both_ends(world: World) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 7).await;
    for other in &others {
        alice.block(other).await;
    }
    let mut all: Vec<String> = others.iter().map(|user| user.username.clone()).collect();
    all.reverse();
    for size in [1, 3, 7] {
        let (mut seen, mut arguments) = (Vec::new(), format!("first: {size}"));
        loop {
            let page = alice.blocked(&arguments).await;
            assert_eq!(page.ok("/viewer/blockedUsers/pageInfo/hasPreviousPage"), &json!(!seen.is_empty()));
            seen.extend(names(&page));
            assert_eq!(page.ok("/viewer/blockedUsers/pageInfo/hasNextPage"), &json!(seen.len() < all.len()));
            if seen.len() >= all.len() {
                break;
            }
            let end = page.text("/viewer/blockedUsers/pageInfo/endCursor");
            arguments = format!("first: {size}, after: \"{end}\"");
        }
        assert_eq!(seen, all);
        let page = alice.blocked(&format!("last: {size}")).await;
        assert_eq!(names(&page), all[all.len() - size..]);
        assert_eq!(page.ok("/viewer/blockedUsers/pageInfo/hasPreviousPage"), &json!(size < all.len()));
    }
    // A cursor of another list is refused, and so is one that was made up.
    let page = "{ users(first: 1) { pageInfo { endCursor } } }";
    let foreign = alice.graphql(page, json!({})).await.text("/users/pageInfo/endCursor");
    for cursor in [foreign.as_str(), "nonsense"] {
        alice.blocked(&format!("first: 1, after: \"{cursor}\"")).await.failed("INVALID");
    }
}

async fn blocking_twice_and_lifting_nothing_does_no_harm(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    alice.unblock(&bob).await;
    alice.block(&bob).await;
    let first = alice.blocked("first: 1").await;
    alice.block(&bob).await;
    assert_eq!(alice.blocked("first: 1").await, first, "it is the same block as before");
    alice.unblock(&bob).await;
    alice.unblock(&bob).await;
    assert!(names_of(&alice).await.is_empty());
}

async fn nobody_blocks_themselves_or_nobody(world: World) {
    let alice = world.user("alice").await;
    for (mutation, answer) in
        [("userBlock", alice.try_block(&alice.id).await), ("userUnblock", alice.try_unblock(&alice.id).await)]
    {
        answer.refused(mutation, "INVALID", &["id"]);
    }
    let nobody = absent(&alice.id);
    alice.try_block(&nobody).await.refused("userBlock", "NOT_FOUND", &["id"]);
    alice.try_unblock(&nobody).await.refused("userUnblock", "NOT_FOUND", &["id"]);
    for id in MALFORMED.iter().map(ToString::to_string).chain([with_prefix("thr", &alice.id)]) {
        alice.try_block(&id).await.refused("userBlock", "INVALID", &["id"]);
        alice.try_unblock(&id).await.refused("userUnblock", "INVALID", &["id"]);
    }
    assert!(names_of(&alice).await.is_empty());
}

async fn who_is_not_signed_in_blocks_nobody_and_has_blocked_nobody(world: World) {
    let alice = world.user("alice").await;
    for mutation in ["userBlock", "userUnblock"] {
        let input = json!({ "id": alice.id });
        world.anonymous.mutate(mutation, input, "user { id }").await.failed("UNAUTHENTICATED");
    }
    let document = "query($id: ID!) { user(by: { id: $id }) { viewerHasBlocked } }";
    let answer = world.anonymous.graphql(document, json!({ "id": alice.id })).await;
    assert_eq!(answer.ok("/user/viewerHasBlocked"), false);
}

async fn guests_block_and_are_blocked(world: World) {
    let alice = world.user("alice").await;
    let guest = world.guest("visitor").await;
    guest.block(&alice).await;
    alice.block(&guest).await;
    assert_eq!(names_of(&guest).await, ["alice"]);
    assert_eq!(names_of(&alice).await, ["visitor"]);
}

async fn blocks_go_with_either_account(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    alice.block(&bob).await;
    carol.block(&alice).await;
    world.database.execute("DELETE FROM users WHERE username = 'alice'").await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM blocks").await, 0);
    assert!(names_of(&carol).await.is_empty());
    bob.create_direct(&carol).await;
}

async fn a_page_of_people_tells_of_blocks_in_one_statement(world: World) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 12).await;
    let group = world.group(&alice, &others.iter().collect::<Vec<_>>()).await;
    alice.block(&others[3]).await;
    let list = "query($first: Int!) { users(first: $first) { nodes { username viewerHasBlocked } } }";
    let members = "query($id: ID!, $first: Int!) { thread(id: $id) { participants(first: $first) { nodes { \
        user { username viewerHasBlocked } } } } }";
    let blocked =
        "query($first: Int!) { viewer { blockedUsers(first: $first) { nodes { username viewerHasBlocked } } } }";
    for other in &others[4..10] {
        alice.block(other).await;
    }
    for (document, variables) in [(list, json!({})), (members, json!({ "id": group })), (blocked, json!({}))] {
        let mut counts = Vec::new();
        for first in [2, 12] {
            let mut variables = variables.clone();
            variables["first"] = first.into();
            let (answer, statements) = crate::statements::statements_of(&world, &alice, document, variables).await;
            assert!(answer.data().to_string().contains("viewerHasBlocked"));
            counts.push(statements);
        }
        let lengths = [counts[0].len(), counts[1].len()];
        assert_eq!(lengths[0], lengths[1], "{document}:\n{}\n-- but\n{}", counts[0].join("\n"), counts[1].join("\n"));
    }
}

fn names(page: &tests::Answer) -> Vec<String> {
    let nodes = page.list("/viewer/blockedUsers/nodes").iter();
    nodes.map(|node| node["username"].as_str().unwrap().to_owned()).collect()
}

async fn names_of(user: &User) -> Vec<String> {
    names(&user.blocked("first: 100").await)
}

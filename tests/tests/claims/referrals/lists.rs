//! Pages of codes, and of who came by each.

use serde_json::{Value, json};
use tests::{Answer, User, World, claims};

use super::{come, make};

claims![codes_and_referrals_are_paged_from_either_end, pages_of_many_codes_take_as_many_statements_as_of_two];

const PAGES: &str = "query($first: Int, $last: Int, $after: Cursor, $before: Cursor, $inner: Int!) { viewer { \
    referralCodes(first: $first, last: $last, after: $after, before: $before) { pageInfo { hasNextPage hasPreviousPage } \
    edges { cursor node { code referrals(first: $inner) { pageInfo { hasNextPage hasPreviousPage } \
    edges { cursor node { createdAt user { username profile { displayName } } } } } } } } } }";

async fn people(world: &World, code: &str, names: &[&str]) {
    for name in names {
        come(&world.anonymous, name, code).await.ok("/accountCreate/user/id");
    }
}

async fn ask(user: &User, variables: Value) -> Answer {
    user.graphql(PAGES, variables).await
}

fn codes(answer: &Answer) -> Vec<String> {
    let edges = answer.list("/viewer/referralCodes/edges").iter();
    edges.map(|edge| edge["node"]["code"].as_str().unwrap().to_owned()).collect()
}

async fn codes_and_referrals_are_paged_from_either_end(world: World) {
    let alice = world.user("alice").await;
    for code in ["first", "second", "third"] {
        make(&alice, json!({ "code": code })).await;
    }
    people(&world, "third", &["bob", "carol", "dave"]).await;
    let page = ask(&alice, json!({ "first": 2, "inner": 2 })).await;
    assert_eq!(codes(&page), ["third", "second"]);
    assert_eq!(page.ok("/viewer/referralCodes/pageInfo"), &json!({ "hasNextPage": true, "hasPreviousPage": false }));
    let inner = "/viewer/referralCodes/edges/0/node/referrals";
    assert_eq!(page.text(&format!("{inner}/edges/0/node/user/username")), "dave");
    assert_eq!(page.text(&format!("{inner}/edges/1/node/user/username")), "carol");
    assert_eq!(page.ok(&format!("{inner}/pageInfo/hasNextPage")), true);
    let after = page.ok("/viewer/referralCodes/edges/1/cursor");
    let next = ask(&alice, json!({ "first": 2, "after": after, "inner": 2 })).await;
    assert_eq!(codes(&next), ["first"]);
    assert_eq!(next.ok("/viewer/referralCodes/pageInfo"), &json!({ "hasNextPage": false, "hasPreviousPage": true }));
    assert_eq!(codes(&ask(&alice, json!({ "last": 2, "inner": 1 })).await), ["second", "first"]);
    assert_eq!(codes(&ask(&alice, json!({ "last": 2, "before": after, "inner": 1 })).await), ["third"]);
    // Of the referrals, by their own cursors, and by no others.
    let document = "query($a: Cursor, $b: Cursor, $f: Int, $l: Int) { viewer { referralCodes(first: 1) { nodes { \
        referrals(first: $f, last: $l, after: $a, before: $b) { nodes { user { username } } \
        pageInfo { hasNextPage hasPreviousPage } } } } } }";
    let carol = page.ok(&format!("{inner}/edges/1/cursor"));
    for (variables, name, around) in [
        (json!({ "a": carol, "f": 5 }), "bob", (false, true)),
        (json!({ "b": carol, "l": 5 }), "dave", (true, false)),
        (json!({ "l": 1 }), "bob", (false, true)),
    ] {
        let answer = alice.graphql(document, variables).await;
        let found = answer.list("/viewer/referralCodes/nodes/0/referrals/nodes");
        assert_eq!((found.len(), found[0]["user"]["username"].as_str()), (1, Some(name)));
        let info = answer.ok("/viewer/referralCodes/nodes/0/referrals/pageInfo");
        assert_eq!(info, &json!({ "hasNextPage": around.0, "hasPreviousPage": around.1 }), "{name}");
    }
    alice.graphql(document, json!({ "a": after })).await.failed("INVALID");
}

async fn pages_of_many_codes_take_as_many_statements_as_of_two(world: World) {
    let alice = world.user("alice").await;
    for code in ["one-", "two-", "three-", "four-"] {
        make(&alice, json!({ "code": code })).await;
        let names = ["x", "y", "z"].map(|name| format!("{code}{name}"));
        people(&world, code, &names.each_ref().map(String::as_str)).await;
    }
    let mut counts = Vec::new();
    for first in [2, 4] {
        world.server.record_statements().await;
        let answer = ask(&alice, json!({ "first": first, "inner": 2 })).await;
        assert_eq!(codes(&answer).len(), first);
        // Mails of those who signed up are sent meanwhile, by statements of their own.
        let tables = ["referral_codes", "referrals", "profiles"];
        let statements = world.server.statements().await.into_iter();
        let of_page = statements.filter(|one| tables.iter().any(|table| one.sql.contains(table)));
        counts.push(of_page.count());
    }
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0], 3, "the codes, who came by them, and who they are");
}

//! Searches for users whose names tie or begin with one another: one order, whichever way and however little at a time.

use serde_json::{Value, json};
use tests::{User, World, claims};

claims![names_that_tie_are_walked_in_one_order];

/// Usernames and display names; names that tie are told apart by usernames, which stand in the opposite order here.
const PEOPLE: [(&str, &str); 12] = [
    ("zoe", "ann"),
    ("yves", "ann b"),
    ("xaver", "ann"),
    ("willa", "Ann B"),
    ("victor", "annb"),
    ("ursula", "ANN"),
    ("tom", "ann-b"),
    ("sven", "ann a"),
    ("rita", "Änn"),
    ("quinn", "ann b c"),
    ("annika", "zoe"),
    ("ann", "ann"),
];

async fn names_that_tie_are_walked_in_one_order(world: World) {
    let mut users = Vec::new();
    for (username, name) in PEOPLE {
        let user = world.user(username).await;
        user.update_profile(json!({ "displayName": name })).await.ok("/profileUpdate/user");
        users.push(user);
    }
    world.user("bystander").await;
    for (search, count) in [("ann", 12), ("ann ", 12), ("ÄNN", 12), ("ann b", 3), ("annb", 1), ("zoe", 2)] {
        let all = page(&users[0], search, "first: 100").await;
        assert_eq!((all.has_previous, all.has_next), (false, false), "{search}");
        let mut names = all.names.clone();
        names.sort();
        names.dedup();
        assert_eq!((names.len(), all.names.len()), (count, count), "{search} finds {:?}", all.names);
        for size in [1, 2, 5] {
            walk(&users[0], search, size, &all.names).await;
        }
        // From each to each, and nothing beside what lies between.
        for (from, after) in all.cursors.iter().enumerate() {
            for (to, before) in all.cursors.iter().enumerate().skip(from + 1) {
                let arguments = format!("first: 100, after: \"{after}\", before: \"{before}\"");
                assert_eq!(page(&users[0], search, &arguments).await.names, all.names[from + 1..to], "{search}");
            }
        }
    }
    let found = page(&users[0], "ann", "first: 100").await.names;
    assert_eq!(found[..2], ["ann", "annika"], "usernames come first, the exact one before the others");
    let place = |username: &str| found.iter().position(|name| name == username).unwrap();
    // Those that tie, by username.
    assert!(["rita", "ursula", "xaver", "zoe"].map(place).is_sorted(), "{found:?}");
    assert!(["willa", "yves"].map(place).is_sorted(), "{found:?}");
    // A name comes before those that begin with it.
    assert!(["zoe", "sven"].map(place).is_sorted() && ["yves", "quinn"].map(place).is_sorted(), "{found:?}");
}

/// Walks the whole search forward and backward.
async fn walk(user: &User, search: &str, size: usize, all: &[String]) {
    let (mut from, mut arguments) = (0, format!("first: {size}"));
    loop {
        let to = (from + size).min(all.len());
        let page = page(user, search, &arguments).await;
        assert_eq!(page.names, all[from..to], "{search} by {arguments}");
        assert_eq!((page.has_previous, page.has_next), (from > 0, to < all.len()), "{search} by {arguments}");
        if !page.has_next {
            break;
        }
        (from, arguments) = (to, format!("first: {size}, after: \"{}\"", page.cursors.last().unwrap()));
    }
    let (mut to, mut arguments) = (all.len(), format!("last: {size}"));
    loop {
        let from = to.saturating_sub(size);
        let page = page(user, search, &arguments).await;
        assert_eq!(page.names, all[from..to], "{search} by {arguments}");
        assert_eq!((page.has_previous, page.has_next), (from > 0, to < all.len()), "{search} by {arguments}");
        if !page.has_previous {
            break;
        }
        (to, arguments) = (from, format!("last: {size}, before: \"{}\"", page.cursors[0]));
    }
}

struct Page {
    names: Vec<String>,
    cursors: Vec<String>,
    has_next: bool,
    has_previous: bool,
}

async fn page(user: &User, search: &str, arguments: &str) -> Page {
    let document = format!(
        "query($search: String) {{ users(search: $search, {arguments}) {{ \
            edges {{ cursor node {{ username }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"
    );
    let answer = user.graphql(&document, json!({ "search": search })).await;
    let text = |pointer: &str| {
        let edges = answer.list("/users/edges").iter();
        edges.map(|edge| edge.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()).collect()
    };
    let flag = |field: &str| answer.ok("/users/pageInfo")[field].as_bool().unwrap();
    let (names, cursors) = (text("/node/username"), text("/cursor"));
    Page { names, cursors, has_next: flag("hasNextPage"), has_previous: flag("hasPreviousPage") }
}

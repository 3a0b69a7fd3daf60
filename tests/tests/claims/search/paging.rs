//! Pages of what was found.

use futures_util::future::join_all;
use serde_json::json;
use tests::search::contents;
use tests::{Answer, User, World, claims};

claims![
    what_is_found_is_walked_from_both_ends,
    pages_hold_while_messages_come_and_go,
    sends_of_one_moment_are_all_found_once,
    a_page_takes_as_many_statements_whatever_its_length,
];

fn flags(page: &Answer) -> (bool, bool) {
    let flag = |name: &str| page.ok("/viewer/messageSearch/pageInfo")[name].as_bool().unwrap();
    (flag("hasPreviousPage"), flag("hasNextPage"))
}

fn cursor(page: &Answer, which: &str) -> String {
    page.text(&format!("/viewer/messageSearch/pageInfo/{which}"))
}

/// Walks through all that `needle` finds in both directions.
async fn walk(user: &User, all: &[String]) {
    for size in [1, 3, 10, 50] {
        let (mut seen, mut arguments) = (Vec::new(), json!({ "query": "needle", "first": size }));
        while seen.len() < all.len() {
            let page = user.search_with(arguments).await;
            let before = seen.len();
            seen.extend(contents(&page));
            assert_eq!(flags(&page), (before > 0, seen.len() < all.len()), "by {size}");
            arguments = json!({ "query": "needle", "first": size, "after": cursor(&page, "endCursor") });
        }
        assert_eq!(seen, all);
        let (mut left, mut arguments) = (all.to_vec(), json!({ "query": "needle", "last": size }));
        while !left.is_empty() {
            let page = user.search_with(arguments).await;
            let found = contents(&page);
            let later = left.len() < all.len();
            assert_eq!(left.split_off(left.len() - found.len()), found, "by {size}");
            assert_eq!(flags(&page), (!left.is_empty(), later), "by {size}");
            arguments = json!({ "query": "needle", "last": size, "before": cursor(&page, "startCursor") });
        }
    }
}

async fn what_is_found_is_walked_from_both_ends(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let threads =
        [world.group(&alice, &[&bob]).await, alice.create_direct(&bob).await, bob.create_room("A room").await];
    let mut all = Vec::new();
    for number in 0..40 {
        let text = if number % 3 == 2 { format!("hay {number}") } else { format!("needle {number}") };
        bob.send(&threads[number % 2 + usize::from(number % 5 == 0)], &text).await;
        all.extend(text.starts_with("needle").then_some(text));
    }
    all.reverse();
    walk(&alice, &all).await;
    let page = alice.search_with(json!({ "query": "needle", "first": 5 })).await;
    let (start, end) = (cursor(&page, "startCursor"), cursor(&page, "endCursor"));
    let between = alice.search_with(json!({ "query": "needle", "first": 50, "after": start, "before": end })).await;
    assert_eq!(contents(&between), all[1..4]);
    assert_eq!(flags(&between), (true, true));
}

async fn pages_hold_while_messages_come_and_go(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let mut sent = Vec::new();
    for number in 0..12 {
        sent.push(alice.send(&room, &format!("needle {number}")).await);
    }
    let first = alice.search_with(json!({ "query": "needle", "first": 4 })).await;
    assert_eq!(contents(&first), ["needle 11", "needle 10", "needle 9", "needle 8"]);
    // What the cursor stands at goes, as does something behind it; new ones come, and one is edited.
    alice.delete(&sent[8]).await;
    alice.delete(&sent[6]).await;
    alice.edit(&sent[5], "hay").await;
    alice.send(&room, "needle 12").await;
    let arguments = json!({ "query": "needle", "first": 4, "after": cursor(&first, "endCursor") });
    let second = alice.search_with(arguments).await;
    assert_eq!(contents(&second), ["needle 7", "needle 4", "needle 3", "needle 2"]);
    assert_eq!(flags(&second), (true, true));
    let back = json!({ "query": "needle", "last": 10, "before": cursor(&second, "startCursor") });
    let back = alice.search_with(back).await;
    assert_eq!(contents(&back), ["needle 12", "needle 11", "needle 10", "needle 9"]);
    assert_eq!(flags(&back), (false, true));
}

async fn sends_of_one_moment_are_all_found_once(world: World) {
    let users = world.users(["alice", "bob", "carol"]).await;
    let mut rooms = Vec::new();
    for user in &users {
        rooms.push(user.create_room("A room").await);
    }
    let (rooms, users) = (&rooms, &users);
    let sends = (0..150)
        .map(|number| async move { users[number % 3].send(&rooms[number % 3], &format!("needle {number}")).await });
    join_all(sends).await;
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = users[0].search_with(json!({ "query": "needle", "first": 17, "after": after })).await;
        all.extend(contents(&page));
        if !flags(&page).1 {
            break;
        }
        after = Some(cursor(&page, "endCursor"));
    }
    let mut distinct = all.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((all.len(), distinct.len()), (150, 150));
    // In a thread, what was sent later comes first.
    for room in rooms {
        let found = users[0].found(json!({ "query": "needle", "threadId": room, "first": 100 })).await;
        let history = users[0].history(room).await;
        let said: Vec<_> = history.iter().rev().map(|(_, message)| message["content"].as_str().unwrap()).collect();
        assert_eq!(found, said);
    }
}

async fn a_page_takes_as_many_statements_whatever_its_length(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for number in 0..6 {
        let group = world.group(&alice, &[&bob]).await;
        for _ in 0..3 {
            bob.send(&group, &format!("needle {number}")).await;
        }
    }
    let document = "query($first: Int!) { viewer { messageSearch(query: \"needle\", first: $first) { isComplete edges { cursor \
        node { snippet { text isMatch } message { id content sender { username } thread { id title } reactions { emoji } } } } } } }";
    let mut counts = Vec::new();
    for first in [2, 15] {
        let (answer, statements) =
            crate::statements::statements_of(&world, &alice, document, json!({ "first": first })).await;
        assert_eq!(answer.list(tests::search::HITS).len(), first);
        counts.push(statements);
    }
    assert_eq!(counts[0].len(), counts[1].len(), "{counts:?}");
}

//! Every connection, walked both ways.

use serde_json::{Value, json};
use tests::{World, claims};

use super::listing::{Listing, messages};

claims![
    messages_are_walked_both_ways,
    an_empty_thread_has_an_empty_page,
    messages_of_a_long_thread_are_all_there,
    a_page_without_arguments_is_a_page_too,
    a_walk_takes_in_what_is_sent_meanwhile,
    any_cursor_of_the_thread_marks_a_place_among_its_messages,
    replies_are_walked_both_ways,
    threads_are_walked_both_ways,
    archived_threads_are_walked_both_ways,
    rooms_are_walked_both_ways,
    users_are_walked_both_ways,
    found_users_are_walked_both_ways,
    participants_are_walked_both_ways,
];

async fn messages_are_walked_both_ways(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut sent = Vec::new();
    for number in 0..7 {
        let one = alice.send(&thread, "x").await;
        // What happens between them takes places in the log, but none on the page.
        bob.react(&one, "👍").await;
        if number % 3 == 0 {
            alice.edit(&one, "y").await;
        }
        if number % 4 == 1 {
            alice.delete(&one).await;
        }
        sent.push(one.id);
    }
    messages(&bob, &thread, sent).walks_both_ways().await;
}

async fn an_empty_thread_has_an_empty_page(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    messages(&alice, &thread, Vec::new()).walks_both_ways().await;
}

async fn messages_of_a_long_thread_are_all_there(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent: Vec<_> = alice.send_many(&thread, 230).await.into_iter().map(|sent| sent.id).collect();
    let listing = messages(&bob, &thread, sent.clone());
    listing.walks_both_ways().await;
    for size in [50, 99] {
        let page = listing.page(&format!("last: {size}")).await;
        listing.is_slice(&page, 230 - size, 230, "the newest");
    }
}

async fn a_page_without_arguments_is_a_page_too(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent: Vec<_> = alice.send_many(&thread, 110).await.into_iter().map(|sent| sent.id).collect();
    let listing = messages(&bob, &thread, sent.clone());
    let page = listing.page("").await;
    assert!((1..=100).contains(&page.names.len()), "{} messages", page.names.len());
    let from = sent.iter().position(|id| *id == page.names[0]).unwrap();
    listing.is_slice(&page, from, from + page.names.len(), "the page without arguments");
}

async fn a_walk_takes_in_what_is_sent_meanwhile(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut sent: Vec<_> = alice.send_many(&thread, 6).await.into_iter().map(|sent| sent.id).collect();
    let listing = messages(&bob, &thread, Vec::new());
    let (mut seen, mut arguments) = (Vec::new(), "first: 2".to_owned());
    loop {
        let page = listing.page(&arguments).await;
        seen.extend(page.names);
        if sent.len() < 10 {
            sent.push(alice.send(&thread, "meanwhile").await.id);
        } else if !page.has_next {
            break;
        }
        arguments = format!("first: 2, after: \"{}\"", page.cursors.last().unwrap());
    }
    assert_eq!(seen, sent);
}

async fn any_cursor_of_the_thread_marks_a_place_among_its_messages(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let first = alice.send(&thread, "one").await;
    let reacted = bob.react(&first, "👍").await;
    let edited = alice.edit(&first, "edited").await;
    let second = alice.send(&thread, "two").await;
    let end = bob.react(&second, "👍").await;
    let listing = messages(&bob, &thread, vec![first.id, second.id]);
    for (cursor, place) in
        [(&start, 0), (&first.cursor, 1), (&reacted, 1), (&edited, 1), (&second.cursor, 2), (&end, 2)]
    {
        let arguments = format!("first: 5, after: \"{cursor}\"");
        listing.is_slice(&listing.page(&arguments).await, place, 2, &arguments);
    }
    for (cursor, place) in
        [(&start, 0), (&first.cursor, 0), (&reacted, 1), (&edited, 1), (&second.cursor, 1), (&end, 2)]
    {
        let arguments = format!("last: 5, before: \"{cursor}\"");
        listing.is_slice(&listing.page(&arguments).await, 0, place, &arguments);
    }
}

async fn replies_are_walked_both_ways(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let parent = alice.send(&thread, "a question").await;
    let other = alice.send(&thread, "another").await;
    let mut expected = Vec::new();
    for number in 0..6 {
        let reply = bob.reply(&thread, &parent, "an answer").await;
        bob.reply(&thread, &other, "to the other").await;
        if number == 2 {
            bob.delete(&reply).await;
        }
        expected.push(reply.id);
    }
    let listing = Listing {
        client: &alice,
        document: "query($id: ID!) { node(id: $id) { ... on Message { CONNECTION } } }",
        field: "replies",
        variables: json!({ "id": parent.id }),
        node: ("id", "/id"),
        pointer: "/node/replies",
        expected,
    };
    listing.walks_both_ways().await;
}

async fn threads_are_walked_both_ways(world: World) {
    let alice = world.user("alice").await;
    let crowd = world.crowd("other", 6).await;
    let mut expected = Vec::new();
    for other in &crowd {
        expected.push(world.direct(&alice, other).await);
    }
    alice.send(&expected[2], "now the most recent").await;
    let moved = expected.remove(2);
    expected.push(moved);
    expected.reverse();
    let listing = Listing {
        client: &alice,
        document: "{ viewer { CONNECTION } }",
        field: "threads",
        variables: Value::Null,
        node: ("id", "/id"),
        pointer: "/viewer/threads",
        expected,
    };
    listing.walks_both_ways().await;
}

async fn archived_threads_are_walked_both_ways(world: World) {
    let alice = world.user("alice").await;
    let crowd = world.crowd("other", 5).await;
    let mut archived = Vec::new();
    for (number, other) in crowd.iter().enumerate() {
        let thread = world.direct(&alice, other).await;
        if number != 2 {
            alice.archive(&thread).await;
            archived.push(thread);
        }
    }
    let mut listing = Listing {
        client: &alice,
        document: "{ viewer { CONNECTION } }",
        field: "threads(archived: true,",
        variables: Value::Null,
        node: ("id", "/id"),
        pointer: "/viewer/threads",
        expected: Vec::new(),
    };
    // Whether archiving counts as activity is left open: the walk has to agree with the whole page.
    listing.expected = listing.page("first: 100").await.names;
    let (mut found, mut made) = (listing.expected.clone(), archived);
    found.sort();
    made.sort();
    assert_eq!(found, made);
    listing.walks_both_ways().await;
}

async fn rooms_are_walked_both_ways(world: World) {
    let alice = world.user("alice").await;
    let mut expected = Vec::new();
    for number in 0..6 {
        expected.push(alice.create_room(&number.to_string()).await);
    }
    expected.reverse();
    let listing = Listing {
        client: &world.anonymous,
        document: "{ CONNECTION }",
        field: "rooms",
        variables: Value::Null,
        node: ("id", "/id"),
        pointer: "/rooms",
        expected,
    };
    listing.walks_both_ways().await;
}

async fn users_are_walked_both_ways(world: World) {
    let users = world.users(["delta", "Bravo", "alpha", "Charlie", "bravo-2", "bravo_1"]).await;
    let mut expected: Vec<_> = users.iter().map(|user| user.username.clone()).collect();
    expected.sort_by_key(|name| name.to_lowercase());
    let listing = Listing {
        client: &users[0],
        document: "{ CONNECTION }",
        field: "users",
        variables: Value::Null,
        node: ("username", "/username"),
        pointer: "/users",
        expected,
    };
    listing.walks_both_ways().await;
}

async fn found_users_are_walked_both_ways(world: World) {
    let [anna, ..] = world.users(["anna", "hanna", "annabel", "annamaria", "joanna", "bob"]).await;
    let mut listing = Listing {
        client: &anna,
        document: "{ CONNECTION }",
        field: "users(search: \"anna\",",
        variables: Value::Null,
        node: ("username", "/username"),
        pointer: "/users",
        expected: Vec::new(),
    };
    // How good matches rank below the exact one is left open: the walk has to agree with the whole page.
    listing.expected = listing.page("first: 100").await.names;
    assert!(listing.expected.len() >= 3, "{:?}", listing.expected);
    listing.walks_both_ways().await;
}

async fn participants_are_walked_both_ways(world: World) {
    let alice = world.user("alice").await;
    let crowd = world.crowd("member", 6).await;
    let group = world.group(&alice, &crowd.iter().collect::<Vec<_>>()).await;
    let mut listing = Listing {
        client: &alice,
        document: "query($id: ID!) { thread(id: $id) { CONNECTION } }",
        field: "participants",
        variables: json!({ "id": group }),
        node: ("user { id }", "/user/id"),
        pointer: "/thread/participants",
        expected: Vec::new(),
    };
    // Their order is left open: the walk has to agree with the whole page.
    listing.expected = listing.page("first: 100").await.names;
    let mut found = listing.expected.clone();
    let mut made: Vec<_> = crowd.iter().chain([&alice]).map(|user| user.id.clone()).collect();
    found.sort();
    made.sort();
    assert_eq!(found, made);
    listing.walks_both_ways().await;
}

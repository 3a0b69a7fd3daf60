//! What an operation costs: the nodes that it may load, known before it runs, told in its answer, and limited.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Transport, User, World, claims};

use super::{ask_all, refused};
use crate::statements::statements_of;

claims![
    an_operation_may_cost_5000_and_no_more,
    first_and_last_multiply_what_is_within,
    lists_without_a_length_count_as_five,
    of_several_types_the_dearest_counts,
    sizes_out_of_bounds_are_refused_by_name,
    no_product_overflows,
    a_cost_of_5000_takes_as_many_statements_as_a_small_one,
];

/// Fails the test unless a request runs on every transport, and says that it costs this.
async fn costs(world: &World, token: Option<&str>, request: Value, cost: u64) {
    for (transport, answer) in ask_all(&world.server, token, &request).await {
        answer.data();
        let told = &answer.json["extensions"]["cost"];
        assert_eq!(told, &json!({ "requested": cost, "limit": 5000 }), "{request} by {transport:?}");
    }
}

async fn an_operation_may_cost_5000_and_no_more(world: World) {
    let alice = world.user("alice").await;
    // 1 + 100 × (1 + 1 + 47) = 4,901, and 1 + 98 = 99.
    let literal = |users: u64| {
        format!(
            "{{ rooms(first: 100) {{ nodes {{ messages(first: 47) {{ nodes {{ id }} }} }} }} \
                users(first: {users}) {{ nodes {{ id }} }} }}"
        )
    };
    let document = "($rooms: Int, $messages: Int, $users: Int) { \
        rooms(last: $rooms) { nodes { messages(last: $messages) { nodes { id } } } } \
        users(first: $users) { nodes { id } } }";
    let by_variables = |users: u64| json!({ "query": format!("query{document}"), "variables": { "rooms": 100, "messages": 47, "users": users } });
    let by_defaults = |users: u64| {
        let defaults = [("$rooms: Int", 100), ("$messages: Int", 47), ("$users: Int", users)];
        let with = |document: String, (name, value): (&str, u64)| document.replace(name, &format!("{name} = {value}"));
        json!({ "query": defaults.into_iter().fold(format!("query{document}"), with) })
    };
    for request in
        [&|users| json!({ "query": literal(users) }), &by_variables, &by_defaults] as [&dyn Fn(u64) -> Value; 3]
    {
        costs(&world, Some(&alice.token), request(98), 5000).await;
        assert_eq!(refused(&world.server, Some(&alice.token), &request(99), "cost", 5000).await, 5001);
    }
    // What a variable says wins over its default.
    let mut request = by_defaults(98);
    request["variables"] = json!({ "users": 99 });
    assert_eq!(refused(&world.server, Some(&alice.token), &request, "cost", 5000).await, 5001);
    request["variables"] = json!({ "users": 1 });
    costs(&world, Some(&alice.token), request, 4903).await;
    // What is refused is refused to everybody, and what runs does not hang on who asks.
    refused(&world.server, None, &json!({ "query": literal(99) }), "cost", 5000).await;
}

async fn first_and_last_multiply_what_is_within(world: World) {
    let alice = world.user("alice").await;
    let rows = [
        ("{ rooms(first: 3) { nodes { id } } }", 4),
        ("{ rooms(first: 3) { edges { node { id } } } }", 7),
        ("{ rooms(first: 3) { edges { node { id } } nodes { id } pageInfo { hasNextPage } } }", 11),
        ("{ rooms(last: 3) { pageInfo { hasNextPage } } }", 2),
        ("{ rooms { nodes { id } } }", 21),
        ("{ rooms(first: null) { nodes { id } } }", 21),
        ("{ rooms(first: null, last: 2) { nodes { id } } }", 3),
        ("{ rooms(first: 2) { nodes { messages { nodes { id } } } } }", 1 + 2 * 52),
        ("{ rooms(first: 2) { nodes { messages(last: 3) { nodes { sender { id } } } } } }", 1 + 2 * (2 + 3 * 2)),
        ("{ rooms(first: 2) { nodes { events(first: 7) { frames { cursor } } } } }", 1 + 2 * (2 + 7)),
        ("{ rooms(first: 2) { nodes { participants(first: 5) { totalCount nodes { user { id } } } } } }", 1 + 2 * 12),
        ("{ a: rooms(first: 2) { nodes { id } } b: rooms(first: 2) { nodes { id } } }", 6),
        ("{ ...F ...F } fragment F on Query { rooms(first: 2) { nodes { id } } }", 6),
        ("{ viewer { user { id } unreadThreadCount } }", 2),
        ("{ __typename }", 0),
    ];
    for (document, cost) in rows {
        costs(&world, Some(&alice.token), json!({ "query": document }), cost).await;
    }
    let document = "query($n: Int, $m: Int = 4) { rooms(first: $n) { nodes { messages(last: $m) { nodes { id } } } } }";
    for (variables, cost) in [
        (json!({ "n": 3, "m": 5 }), 1 + 3 * 7),
        (json!({ "n": 3 }), 1 + 3 * 6),
        (json!({ "n": 3, "m": null }), 1 + 3 * 52),
        (json!({ "n": null, "m": 1 }), 1 + 20 * 3),
        (json!({}), 1 + 20 * 6),
    ] {
        costs(&world, Some(&alice.token), json!({ "query": document, "variables": variables }), cost).await;
    }
    let ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    for count in [0, 1, 100] {
        let request = json!({ "query": ids, "variables": { "ids": vec![&alice.id; count] } });
        costs(&world, Some(&alice.token), request, count as u64).await;
    }
    let document =
        format!("{{ nodes(ids: [{:?}, {:?}]) {{ ... on User {{ profile {{ bio }} }} }} }}", alice.id, alice.id);
    costs(&world, Some(&alice.token), json!({ "query": document }), 4).await;
    // One that is no list counts as a list of one.
    let document = format!("{{ nodes(ids: {:?}) {{ id }} }}", alice.id);
    costs(&world, Some(&alice.token), json!({ "query": document }), 1).await;
    let request = json!({ "query": ids, "variables": { "ids": &alice.id } });
    costs(&world, Some(&alice.token), request, 1).await;
}

async fn lists_without_a_length_count_as_five(world: World) {
    let alice = world.user("alice").await;
    let rows = [
        ("reactions { emoji }", 5),
        ("attachments { id }", 5),
        ("receipts { user { id } }", 10),
        ("reactions { users(first: 3) { id } }", 5 * 4),
        ("reactions { emoji } attachments { id } receipts { readAt }", 15),
        // One with a length has its own, and counts as it is cut off without one.
        ("revisions { content }", 20),
        ("revisions(last: 3) { content }", 3),
        ("id content", 0),
    ];
    for (of_a_message, cost) in rows {
        let document =
            format!("{{ rooms(first: 1) {{ nodes {{ messages(last: 10) {{ nodes {{ {of_a_message} }} }} }} }} }}");
        costs(&world, Some(&alice.token), json!({ "query": document }), 1 + 2 + 10 * (1 + cost)).await;
    }
}

async fn of_several_types_the_dearest_counts(world: World) {
    let alice = world.user("alice").await;
    let rows = [
        ("id", 0),
        ("... on Message { reactions { emoji } }", 5),
        ("... on Message { reactions { emoji } } ... on Thread { messages(last: 3) { nodes { id } } }", 5),
        ("... on Message { reactions { emoji } } ... on Thread { messages(last: 30) { nodes { id } } }", 31),
        ("... on User { profile { bio } } ... on User { again: profile { bio } }", 2),
        // Each of these is the same message.
        ("... on Node { ... on Message { reactions { emoji } ... on Message { attachments { id } } } }", 10),
    ];
    for (selection, cost) in rows {
        let document = format!("query($id: ID!) {{ node(id: $id) {{ {selection} }} }}");
        let request = json!({ "query": document, "variables": { "id": alice.id } });
        costs(&world, Some(&alice.token), request, 1 + cost).await;
    }
    // Of a stream, its first answer tells it; each of its frames is one node and what is within.
    let thread = world.room(&alice).await;
    let document = "subscription($thread: ID!) { threadEvents(threadId: $thread) { cursor \
        ... on MessagePosted { message { sender { id } } } ... on ThreadChanged { thread { id } } } }";
    for transport in Transport::STREAMS {
        let request = json!({ "query": document, "variables": { "thread": thread } });
        let answer = transport.ask(&world.server, Some(&alice.token), request).await;
        assert_eq!(answer.json["extensions"]["cost"]["requested"], 3, "{transport:?}: {}", answer.json);
    }
}

async fn sizes_out_of_bounds_are_refused_by_name(world: World) {
    let alice = world.user("alice").await;
    let out_of_bounds = async |request: Value, argument: &str| {
        for (transport, answer) in ask_all(&world.server, Some(&alice.token), &request).await {
            answer.failed("INVALID");
            assert!(answer.json["data"].is_null(), "{request} by {transport:?}: {}", answer.json);
            let message = answer.json["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains(&format!("{argument}:")), "{request} by {transport:?}: {message}");
        }
    };
    for size in [1_073_741_824_i64, 2_147_483_647, -2_147_483_648, -1, 0, 101] {
        for argument in ["first", "last"] {
            let document = format!("{{ rooms({argument}: {size}) {{ nodes {{ id }} }} }}");
            out_of_bounds(json!({ "query": document }), argument).await;
            let document = format!("query($size: Int) {{ rooms({argument}: $size) {{ nodes {{ id }} }} }}");
            out_of_bounds(json!({ "query": document, "variables": { "size": size } }), argument).await;
            let document = document.replace("Int", &format!("Int = {size}"));
            out_of_bounds(json!({ "query": document }), argument).await;
        }
    }
    out_of_bounds(json!({ "query": "{ rooms(first: 1, last: 1) { nodes { id } } }" }), "last").await;
    let ids = json!({ "query": "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": { "ids": vec![&alice.id; 101] } });
    out_of_bounds(ids, "ids").await;
}

async fn no_product_overflows(world: World) {
    // A hundred to the sixth, by variables and without; and sizes that no list has.
    for size in ["100", "1073741824", "-1", "$n"] {
        let mut within = "id".to_owned();
        for _ in 0..3 {
            within = format!("messages(last: {size}) {{ nodes {{ thread {{ {within} }} }} }}");
        }
        let head = if size == "$n" { "query($n: Int = 100)" } else { "query" };
        let document = format!("{head} {{ rooms(first: {size}) {{ nodes {{ {within} }} }} }}");
        let asked = refused(&world.server, None, &json!({ "query": document }), "cost", 5000).await;
        assert!(asked > 100_000_000, "{asked}");
    }
}

async fn a_cost_of_5000_takes_as_many_statements_as_a_small_one(world: World) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 4).await;
    let mut threads = Vec::new();
    for number in 0..20 {
        let other = &others[number % others.len()];
        let thread = world.group(&alice, &[other]).await;
        threads.push((thread, other.clone()));
    }
    for title in ["one", "two", "three"] {
        alice.create_room(title).await;
    }
    join_all(threads.iter().map(|(thread, other)| fill(thread, &alice, other))).await;
    let document = "query($threads: Int!, $messages: Int!, $users: Int!, $rooms: Int!) { \
        viewer { threads(first: $threads) { nodes { messages(last: $messages) { nodes { \
            id content status sender { username } reactions { emoji count } attachments { name } } } } } } \
        users(first: $users) { nodes { id } } rooms(first: $rooms) { nodes { id } } }";
    let of = async |threads: u64, messages: u64, users: u64, rooms: u64| {
        let variables = json!({ "threads": threads, "messages": messages, "users": users, "rooms": rooms });
        statements_of(&world, &alice, document, variables).await
    };
    let (few, of_few) = of(2, 2, 2, 2).await;
    let (many, of_many) = of(20, 20, 100, 56).await;
    assert_eq!(many.json["extensions"]["cost"]["requested"], 5000);
    for (answer, threads, messages) in [(&few, 2, 2), (&many, 20, 20)] {
        let threads_shown = answer.list("/viewer/threads/nodes");
        assert_eq!(threads_shown.len(), threads);
        for thread in threads_shown {
            let shown = thread["messages"]["nodes"].as_array().unwrap();
            assert_eq!(shown.len(), messages);
            assert!(shown.iter().all(|one| one["sender"]["username"].is_string() && !one["reactions"].is_null()));
        }
    }
    assert_eq!(of_few.len(), of_many.len(), "{}\n-- but of 5,000:\n{}", of_few.join("\n"), of_many.join("\n"));
}

/// Twenty messages of two, ten of them in one request, with reactions and attachments.
async fn fill(thread: &str, one: &User, other: &User) {
    for sender in [one, other] {
        let sends: String = (0..10)
            .map(|number| format!("a{number}: messageSend(input: $input) {{ message {{ id }} errors {{ code }} }} "))
            .collect();
        let attachments =
            json!([{ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 7 }]);
        let input = json!({ "threadId": thread, "content": "hello", "attachments": attachments });
        let document = format!("mutation($input: MessageSendInput!) {{ {sends}}}");
        let answer = sender.graphql(&document, json!({ "input": input })).await;
        for number in [0, 9] {
            let message = answer.text(&format!("/a{number}/message/id"));
            one.try_react(&message, "👍").await.ok("/reactionAdd/message/id");
            other.try_react(&message, "🎉").await.ok("/reactionAdd/message/id");
        }
    }
}

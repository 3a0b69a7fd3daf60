//! How many statements a page costs: a fixed number, however long the page is and whatever stands on it.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::control::Statement;
use tests::{Answer, Sent, User, World, claims};

claims![
    a_page_of_messages_takes_ten_statements,
    a_page_of_threads_takes_eight_statements,
    a_page_of_events_takes_as_many_statements_whatever_its_length,
    a_page_of_participants_takes_as_many_statements_whatever_its_length,
    events_of_twenty_threads_take_no_more_statements_than_of_two,
    pages_about_a_message_take_no_more_statements_in_twenty_threads_than_in_two,
    a_thread_reached_through_a_hundred_messages_is_read_as_through_two,
    participants_behind_a_cursor_take_as_many_statements_whatever_the_list,
    replies_behind_a_cursor_take_as_many_statements_whatever_the_list,
];

/// A page of messages with all that a message has.
pub(crate) const MESSAGES: &str = "query($id: ID!, $last: Int!) { thread(id: $id) { messages(last: $last) { \
    edges { cursor node { id content status statusTimestamps { sent delivered read } \
    sender { id username profile { displayName } } reactions { emoji count viewerHasReacted } attachments { id url type name size } \
    parent { id content sender { id username } } receipts { user { id username } deliveredAt readAt } \
    } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

/// A page of the viewer's threads as a list shows them.
pub(crate) const THREADS: &str = "query($first: Int!) { viewer { threads(first: $first) { \
    edges { cursor node { id kind title lastMessage { content sender { username } } viewerState { unreadCount } \
    participants(first: 3) { nodes { user { username } } } } } pageInfo { hasNextPage } } } }";

async fn a_page_of_messages_takes_ten_statements(world: World) {
    let (alice, group) = full_group(&world).await;
    let (fifty, of_fifty) = statements_of(&world, &alice, MESSAGES, json!({ "id": group, "last": 50 })).await;
    let (hundred, of_hundred) = statements_of(&world, &alice, MESSAGES, json!({ "id": group, "last": 100 })).await;
    for (answer, count) in [(&fifty, 50), (&hundred, 100)] {
        let edges = answer.list("/thread/messages/edges");
        assert_eq!(edges.len(), count);
        has_everything(edges);
    }
    assert!(of_fifty.len() <= 10, "{} statements:\n{}", of_fifty.len(), of_fifty.join("\n"));
    assert_eq!(of_fifty.len(), of_hundred.len(), "{}\n-- but of 100:\n{}", of_fifty.join("\n"), of_hundred.join("\n"));
}

/// Fails the test unless messages on the page have every relation that is asked for: else counting would prove nothing.
fn has_everything(edges: &[Value]) {
    let nodes: Vec<_> = edges.iter().map(|edge| &edge["node"]).collect();
    let count = |has: &dyn Fn(&Value) -> bool| nodes.iter().filter(|node| has(node)).count();
    let senders: std::collections::HashSet<_> = nodes.iter().map(|node| node["sender"]["id"].to_string()).collect();
    assert!(senders.len() >= 4, "by several");
    assert!(count(&|node| node["sender"]["profile"]["displayName"].is_string()) == nodes.len());
    assert!(count(&|node| node["parent"]["sender"]["username"].is_string()) >= 10, "replies");
    assert!(count(&|node| node["attachments"].as_array().is_some_and(|list| list.len() == 2)) >= 5, "attachments");
    assert!(count(&|node| node["reactions"].as_array().is_some_and(|list| list.len() > 1)) >= 5, "reactions");
    assert!(count(&|node| node["reactions"].to_string().contains("\"viewerHasReacted\":true")) >= 5, "own reactions");
    assert!(
        count(&|node| node["reactions"].to_string().contains("\"viewerHasReacted\":false")) >= 5,
        "others' reactions"
    );
    let receipt = |node: &Value, field: &str| {
        let receipts = node["receipts"].as_array().into_iter().flatten();
        receipts.filter(|receipt| receipt[field].is_string() && receipt["user"]["username"].is_string()).count()
    };
    assert!(count(&|node| receipt(node, "readAt") >= 2) >= 5, "receipts of reading");
    assert!(count(&|node| receipt(node, "deliveredAt") >= 2) >= 5, "receipts of delivery");
    for status in ["SENT", "DELIVERED", "READ"] {
        assert!(count(&|node| node["status"] == status) >= 1, "none is {status}");
    }
}

/// A group of six, one of whom never says anything, with 120 messages that have all that a message can have.
async fn full_group(world: &World) -> (User, String) {
    let [alice, bob, carol, dave, erin, quiet] = world.users(["alice", "bob", "carol", "dave", "erin", "quiet"]).await;
    let group = world.group(&alice, &[&bob, &carol, &dave, &erin, &quiet]).await;
    let talkers = [&alice, &bob, &carol, &dave, &erin];
    let mut sent: Vec<Sent> = Vec::new();
    for number in 0..120 {
        let sender = talkers[number % talkers.len()];
        let mut input = json!({ "threadId": group, "content": format!("message {number}") });
        if number % 3 == 2 {
            // A reply to somebody else's.
            input["parentId"] = json!(sent[number - 1 - number % 2].id);
        }
        if number % 5 == 0 {
            let url = |name: &str| format!("https://example.org/{name}");
            let one = |name: &str| json!({ "url": url(name), "type": "image/png", "name": name, "size": 7 });
            input["attachments"] = json!([one("a.png"), one("b.png")]);
        }
        let one = sender.send_with(input).await;
        if number % 4 == 0 {
            join_all(talkers[..2 + number % 3].iter().map(|user| user.react(&one, "👍"))).await;
            erin.react(&one, "🎉").await;
        }
        sent.push(one);
    }
    // Read, delivered and neither: each of them on every page.
    for (user, delivered, read) in
        [(&alice, 118, 110), (&bob, 118, 110), (&carol, 117, 112), (&dave, 117, 110), (&erin, 119, 109)]
    {
        user.mark_delivered(&group, &sent[delivered].cursor).await;
        user.mark_read(&group, &sent[read].cursor).await;
    }
    quiet.mark_delivered(&group, &sent[115].cursor).await;
    quiet.mark_read(&group, &sent[100].cursor).await;
    (alice, group)
}

async fn a_page_of_threads_takes_eight_statements(world: World) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 6).await;
    for number in 0..24 {
        let one = &others[number % others.len()];
        let another = &others[(number + 1) % others.len()];
        let thread = match number % 3 {
            0 if number < 18 => alice.create_direct(&others[number / 3]).await,
            1 => world.room_of(one, &[&alice, another]).await,
            _ => {
                let members: Vec<_> = others.iter().filter(|other| other.id != one.id).chain([&alice]).collect();
                world.group(one, &members).await
            }
        };
        let sender = if number % 3 == 0 && number < 18 { &others[number / 3] } else { one };
        for text in ["hello", "are you there?"] {
            sender.send(&thread, text).await;
        }
        if number % 4 == 0 {
            alice.send(&thread, "here I am").await;
        }
    }
    let (ten, of_ten) = statements_of(&world, &alice, THREADS, json!({ "first": 10 })).await;
    let (twenty, of_twenty) = statements_of(&world, &alice, THREADS, json!({ "first": 20 })).await;
    assert_eq!((ten.list("/viewer/threads/edges").len(), twenty.list("/viewer/threads/edges").len()), (10, 20));
    let nodes: Vec<_> = twenty.list("/viewer/threads/edges").iter().map(|edge| &edge["node"]).collect();
    for node in &nodes {
        assert!(node["lastMessage"]["sender"]["username"].is_string(), "{node}");
        let participants = node["participants"]["nodes"].as_array().unwrap();
        assert_eq!(participants.len(), if node["kind"] == "DIRECT" { 2 } else { 3 }, "{node}");
    }
    let unread = |count: i64| nodes.iter().any(|node| node["viewerState"]["unreadCount"] == count);
    assert!(unread(0) && unread(2), "some are read and some are not");
    assert!(of_twenty.len() <= 8, "{} statements:\n{}", of_twenty.len(), of_twenty.join("\n"));
    assert_eq!(of_ten.len(), of_twenty.len(), "{}\n-- but of 20:\n{}", of_ten.join("\n"), of_twenty.join("\n"));
}

async fn a_page_of_events_takes_as_many_statements_whatever_its_length(world: World) {
    let (alice, group) = full_group(&world).await;
    let bob = world.anonymous.sign_in("bob").await;
    for _ in 0..12 {
        let sent = alice.send(&group, "one of each kind").await;
        bob.react(&sent, "👍").await;
        alice.edit(&sent, "edited").await;
        bob.mark_read(&group, &sent.cursor).await;
        alice.delete(&sent).await;
    }
    let end = alice.all_events(&group, None).await;
    let document = format!(
        "query($id: ID!, $after: Cursor, $first: Int!) {{ thread(id: $id) {{ events(first: $first, after: $after) {{ \
            frames {{ {} }} }} }} }}",
        tests::stream::frame_selection()
    );
    // The last of the log, where every kind of frame stands again and again.
    let mut counts = Vec::new();
    for length in [20, 40] {
        let after = &end[end.len() - 1 - length]["cursor"];
        let (answer, statements) =
            statements_of(&world, &alice, &document, json!({ "id": group, "first": length, "after": after })).await;
        assert_eq!(answer.list("/thread/events/frames").len(), length);
        counts.push(statements);
    }
    assert_eq!(counts[0].len(), counts[1].len(), "{}\n-- but of 40:\n{}", counts[0].join("\n"), counts[1].join("\n"));
}

async fn a_page_of_participants_takes_as_many_statements_whatever_its_length(world: World) {
    let alice = world.user("alice").await;
    let members = world.crowd("member", 12).await;
    let group = world.group(&alice, &members.iter().collect::<Vec<_>>()).await;
    let document = "query($id: ID!, $first: Int!) { thread(id: $id) { participants(first: $first) { totalCount \
        nodes { role joinedAt lastReadCursor user { id username profile { displayName } } } } } }";
    let (few, of_few) = statements_of(&world, &alice, document, json!({ "id": group, "first": 3 })).await;
    let (many, of_many) = statements_of(&world, &alice, document, json!({ "id": group, "first": 13 })).await;
    let lengths = [&few, &many].map(|answer| answer.list("/thread/participants/nodes").len());
    assert_eq!(lengths, [3, 13]);
    assert_eq!(few.number("/thread/participants/totalCount"), 13);
    assert_eq!(of_few.len(), of_many.len(), "{}\n-- but of 13:\n{}", of_few.join("\n"), of_many.join("\n"));
}

/// Twenty threads of alice's, of all kinds, with a line of each sort in their logs; and the ids of their first messages.
async fn twenty_threads(world: &World) -> (User, Vec<Sent>) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 8).await;
    let mut firsts = Vec::new();
    for number in 0..20 {
        let (one, another) = (&others[number % 8], &others[(number + 1) % 8]);
        let thread = match number % 3 {
            0 => alice.create_direct(one).await,
            1 => world.room_of(one, &[&alice, another]).await,
            _ => world.group(one, &[&alice, another]).await,
        };
        firsts.push(one.send(&thread, "hello").await);
        let second = alice.reply(&thread, &firsts[number], "are you there?").await;
        one.react(&second, "👍").await;
        alice.edit(&second, "are you here?").await;
        one.mark_read(&thread, &second.cursor).await;
    }
    (alice, firsts)
}

/// Fails the test unless a query takes as many statements for the first `few` of a list as for `many` of it. The answers.
async fn takes_as_many(
    world: &World,
    user: &User,
    document: &str,
    mut variables: Value,
    lengths: [usize; 2],
) -> [Answer; 2] {
    variables["first"] = lengths[0].into();
    let (few, of_few) = statements_of(world, user, document, variables.clone()).await;
    variables["first"] = lengths[1].into();
    let (many, of_many) = statements_of(world, user, document, variables).await;
    let texts = [of_few.join("\n"), of_many.join("\n")];
    assert!(of_many.len() <= of_few.len(), "{}\n-- but of {}:\n{}", texts[0], lengths[1], texts[1]);
    [few, many]
}

async fn events_of_twenty_threads_take_no_more_statements_than_of_two(world: World) {
    let (alice, _) = twenty_threads(&world).await;
    let events = "events(first: 6) { endCursor hasNextPage frames { __typename cursor \
        ... on MessagePosted { message { content sender { username } parent { sender { id } } } } \
        ... on MessageEdited { message { content status } } ... on ReceiptsAdvanced { participants { user { id } } } } }";
    let document =
        format!("query($first: Int!) {{ viewer {{ threads(first: $first) {{ nodes {{ id {events} }} }} }} }}");
    let alone = format!("query($id: ID!) {{ thread(id: $id) {{ id {events} }} }}");
    let answers = takes_as_many(&world, &alice, &document, json!({}), [2, 20]).await;
    for (answer, count) in answers.iter().zip([2, 20]) {
        let threads = answer.list("/viewer/threads/nodes");
        assert_eq!(threads.len(), count);
        for thread in threads {
            let alone = alice.graphql(&alone, json!({ "id": thread["id"] })).await;
            assert_eq!(thread, alone.ok("/thread"), "as if asked for alone");
            assert!(thread["events"]["frames"].to_string().contains("MessagePosted"), "{thread}");
        }
    }
    // The same threads, each reached through a message, and under more names than one.
    let document = "query($first: Int!) { viewer { threads(first: $first) { nodes { lastMessage { parent { sender { username } } \
        thread { a: events(first: 2) { frames { ... on MessagePosted { message { sender { username } } } } } \
        b: events(first: 1) { frames { ... on MessagePosted { message { sender { username } } } } } } } } } } }";
    takes_as_many(&world, &alice, document, json!({}), [2, 20]).await;
}

async fn pages_about_a_message_take_no_more_statements_in_twenty_threads_than_in_two(world: World) {
    let (alice, firsts) = twenty_threads(&world).await;
    // One message cannot be of all threads: that fails as it does when one thread is asked.
    let document = "query($first: Int!, $around: ID!) { viewer { threads(first: $first) { nodes { \
        messages(around: $around) { nodes { id } } } } } }";
    for answer in takes_as_many(&world, &alice, document, json!({ "around": firsts[19].id }), [2, 20]).await {
        answer.failed("NOT_FOUND");
    }
    // Many messages of one thread, each of which leads to the page about one of them.
    let thread = alice.create_group(&[&world.user("bob").await]).await;
    let sent = alice.send_many(&thread, 20).await;
    let document = "query($ids: [ID!]!, $around: ID!) { nodes(ids: $ids) { ... on Message { thread { \
        messages(around: $around, first: 5) { nodes { content sender { username } } } } } } }";
    let mut counts = Vec::new();
    for count in [2, 20] {
        let ids: Vec<_> = sent.iter().take(count).map(|sent| &sent.id).collect();
        let variables = json!({ "ids": ids, "around": sent[10].id });
        let (answer, statements) = statements_of(&world, &alice, document, variables).await;
        for node in answer.list("/nodes") {
            let nodes = node["thread"]["messages"]["nodes"].as_array().unwrap();
            let contents: Vec<_> = nodes.iter().map(|message| message["content"].as_str().unwrap()).collect();
            assert_eq!(contents, ["9", "10", "11", "12", "13"]);
        }
        counts.push(statements);
    }
    assert_eq!(counts[0].len(), counts[1].len(), "{}\n-- but of 20:\n{}", counts[0].join("\n"), counts[1].join("\n"));
}

async fn a_thread_reached_through_a_hundred_messages_is_read_as_through_two(world: World) {
    let (alice, group) = full_group(&world).await;
    let middle = alice.history(&group).await.swap_remove(60).1["id"].clone();
    let fields = [
        "events(first: 5) { endCursor frames { __typename cursor ... on MessagePosted { message { sender { username } } } } }",
        "messages(around: $around, first: 5) { nodes { id sender { username } } }",
        "events(first: 3) { endCursor } more: events(first: 4) { frames { ... on MessagePosted { message { sender { id } } } } } \
        messages(around: $around, first: 2) { nodes { id } } a: messages(around: $around, first: 3) { nodes { sender { id } } } \
        b: messages(last: 1) { nodes { sender { id } } } c: messages(last: 2) { nodes { sender { id } } }",
    ];
    for field in fields {
        let document = format!(
            "query($id: ID!, $first: Int!, $around: ID!) {{ around: node(id: $around) {{ id }} \
                thread(id: $id) {{ messages(first: $first) {{ nodes {{ id thread {{ {field} }} }} }} }} }}"
        );
        let variables = json!({ "id": group, "around": middle });
        let answers = takes_as_many(&world, &alice, &document, variables, [2, 100]).await;
        for (answer, count) in answers.iter().zip([2, 100]) {
            let nodes = answer.list("/thread/messages/nodes");
            assert_eq!(nodes.len(), count);
            assert!(nodes.iter().all(|node| node["thread"] == nodes[0]["thread"]), "it is the same thread");
        }
        assert_eq!(
            answers[0].ok("/thread/messages/nodes/0/thread"),
            answers[1].ok("/thread/messages/nodes/99/thread"),
            "{field}"
        );
    }
}

async fn replies_behind_a_cursor_take_as_many_statements_whatever_the_list(world: World) {
    let (alice, group) = full_group(&world).await;
    let cursor = alice.history(&group).await.swap_remove(60).0;
    let document = "query($id: ID!, $first: Int!, $cursor: Cursor!) { thread(id: $id) { messages(first: $first) { \
        nodes { later: replies(first: 1, after: $cursor) { nodes { id } pageInfo { hasPreviousPage } } } } } }";
    takes_as_many(&world, &alice, document, json!({ "id": group, "cursor": cursor }), [2, 100]).await;
}

async fn participants_behind_a_cursor_take_as_many_statements_whatever_the_list(world: World) {
    let document = "query($first: Int!, $cursor: Cursor!) { viewer { threads(first: $first) { nodes { \
        participants(first: 1, after: $cursor) { nodes { role } pageInfo { hasPreviousPage } } } } } }";
    let page = "query($id: ID!) { thread(id: $id) { participants(first: 1) { edges { cursor } } } }";
    let (alice, _) = twenty_threads(&world).await;
    let page = alice.graphql(page, json!({ "id": alice.create_group(&[&world.user("late").await]).await })).await;
    let cursor = page.text("/thread/participants/edges/0/cursor");
    takes_as_many(&world, &alice, document, json!({ "cursor": cursor }), [2, 20]).await;
}

/// The answer, and what was sent to the database for it. What the server does of its own accord now and then (it asks
/// which sessions were revoked) can only add to that: the least of several times is the request's own.
pub(crate) async fn statements_of(
    world: &World,
    user: &User,
    document: &str,
    variables: Value,
) -> (Answer, Vec<String>) {
    let mut least: Option<(Answer, Vec<String>)> = None;
    for _ in 0..5 {
        world.server.record_statements().await;
        let answer = user.graphql(document, variables.clone()).await;
        let statements = gathered(world.server.statements().await);
        let statements: Vec<_> = statements.into_iter().map(|statement| brief(&statement.sql)).collect();
        assert!(!statements.is_empty(), "nothing was recorded");
        if least.as_ref().is_none_or(|(_, fewest)| statements.len() < fewest.len()) {
            least = Some((answer, statements));
        }
    }
    least.unwrap()
}

/// Parts of the statements that serve all who ask at one moment: those by which accounts and proofs are read.
const GATHERED: [&str; 2] = ["profiles p", "AS asked_by"];

/// Statements without those that say again what one of them says which serves many: whether two parts of an answer ask for accounts
/// at one moment is left to chance, but there are few such parts.
fn gathered(mut statements: Vec<Statement>) -> Vec<Statement> {
    for part in GATHERED {
        let mut said = 0;
        statements.retain(|statement| {
            said += usize::from(statement.sql.contains(part));
            !statement.sql.contains(part) || said == 1
        });
        assert!(said <= 4, "{said} statements with {part}");
    }
    statements
}

/// A statement without its columns, of which there are many.
fn brief(sql: &str) -> String {
    match sql.split_once(" FROM ") {
        Some((columns, rest)) if columns.len() > 60 => format!("SELECT … FROM {rest}"),
        _ => sql.to_owned(),
    }
}

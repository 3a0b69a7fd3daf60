//! The messages that mention one, wherever they are.

use serde_json::json;
use tests::{World, claims};

use crate::statements::statements_of;

claims![
    messages_that_mention_one_are_listed_across_threads,
    mentions_are_walked_from_both_ends,
    what_one_may_not_read_any_more_is_not_listed,
    an_export_tells_where_one_is_mentioned,
    twenty_mentions_take_as_many_statements_as_two,
];

async fn messages_that_mention_one_are_listed_across_threads(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let threads =
        [world.group(&alice, &[&bob]).await, world.room_of(&alice, &[&bob]).await, world.direct(&alice, &bob).await];
    let mut latest = Vec::new();
    for thread in &threads {
        latest.insert(0, alice.send(thread, "hello, @bob").await.id);
        bob.send(thread, "says @bob").await;
    }
    assert_eq!(bob.mentions().await, latest, "read or not");
    let answer = bob.try_mentions("first: 1").await;
    let expected = json!({ "id": latest[0], "content": "hello, @bob", "thread": { "id": threads[2] },
        "sender": { "id": alice.id }, "mentionsViewer": true });
    assert_eq!(answer.ok("/viewer/mentions/nodes/0"), &expected);
    assert!(alice.mentions().await.is_empty());
    assert!(world.guest("visitor").await.mentions().await.is_empty());
}

async fn mentions_are_walked_from_both_ends(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let groups = [world.group(&alice, &[&bob]).await, world.group(&alice, &[&bob]).await];
    let mut latest = Vec::new();
    for number in 0..7 {
        latest.insert(0, alice.send(&groups[number % 2], "@bob").await.id);
    }
    for (from, next, more, end) in
        [("first", "after", "hasNextPage", "endCursor"), ("last", "before", "hasPreviousPage", "startCursor")]
    {
        let (mut walked, mut arguments) = (Vec::new(), format!("{from}: 3"));
        loop {
            let answer = bob.try_mentions(&arguments).await;
            let page = answer.ok("/viewer/mentions");
            let ids: Vec<String> =
                page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect();
            let at = if from == "first" { walked.len() } else { 0 };
            walked.splice(at..at, ids);
            if page["pageInfo"][more] != true {
                break;
            }
            arguments = format!("{from}: 3, {next}: {}", page["pageInfo"][end]);
        }
        assert_eq!(walked, latest, "{from}");
    }
}

async fn what_one_may_not_read_any_more_is_not_listed(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "@bob").await;
    assert_eq!(bob.mentions().await, [sent.id.as_str()]);
    alice.remove(&group, &bob).await;
    assert!(bob.mentions().await.is_empty());
    alice.add(&group, &bob).await;
    assert_eq!(bob.mentions().await, [sent.id]);
    assert_eq!(bob.mention_count(&group).await, 0, "who comes begins with nothing unread");
}

async fn an_export_tells_where_one_is_mentioned(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "canary: @bob, @alice and @bob").await;
    let export = bob.export(&world.server).await;
    let places = json!([{ "offset": 8, "length": 4 }, { "offset": 25, "length": 4 }]);
    let expected = json!([{ "message": { "id": sent.id }, "thread": { "id": group }, "places": places }]);
    assert_eq!(export["mentions"], expected);
    assert!(!export.to_string().contains("canary"), "what others wrote is theirs");
}

async fn twenty_mentions_take_as_many_statements_as_two(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for _ in 0..20 {
        let group = world.group(&alice, &[&bob]).await;
        alice.send(&group, "@bob").await;
    }
    let document = "query($first: Int!) { viewer { mentions(first: $first) { nodes { content sender { username } \
        mentionsViewer thread { title viewerState { mentionCount } } } } } }";
    let mut counts = Vec::new();
    for first in [2, 20] {
        let (answer, statements) = statements_of(&world, &bob, document, json!({ "first": first })).await;
        let nodes = answer.list("/viewer/mentions/nodes");
        assert_eq!(nodes.len(), first);
        assert!(nodes.iter().all(|node| node["thread"]["viewerState"]["mentionCount"] == 1), "{nodes:?}");
        counts.push(statements.len());
    }
    assert_eq!(counts[0], counts[1]);
}

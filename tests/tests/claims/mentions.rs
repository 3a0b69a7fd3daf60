//! Mentions: `@name` in what a message says, and who is told.

mod counting;
mod lists;

use serde_json::json;
use tests::account::PASSWORD;
use tests::{World, claims, eventually};

claims![
    whoever_takes_part_is_mentioned_where_they_are_named,
    nobody_is_mentioned_who_may_not_read,
    in_a_room_whoever_may_read_is_mentioned,
    an_edit_mentions_anew,
    a_message_that_is_deleted_mentions_nobody,
    a_mention_goes_with_the_account,
    mentions_of_a_hundred_messages_take_as_many_statements_as_of_two,
];

async fn whoever_takes_part_is_mentioned_where_they_are_named(world: World) {
    let [alice, bob, carol] = world.users(["alice", "Bob-2", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let text = "🐦 Zoë: @bob-2, @Carol (and @BOB-2)! not x@carol, @carols, @carol_, @nobody";
    let sent = alice.send(&group, text).await;
    let at = |user: &tests::User, text: &str| (user.id.clone(), text.to_owned());
    let expected = vec![at(&bob, "@bob-2"), at(&carol, "@Carol"), at(&bob, "@BOB-2")];
    for user in [&alice, &bob, &carol] {
        assert_eq!(user.mentions_in(&sent.id).await, expected);
    }
    for (user, is_mentioned) in [(&alice, false), (&bob, true), (&carol, true)] {
        assert_eq!(user.message(&sent.id, "mentionsViewer").await["mentionsViewer"], is_mentioned);
    }
    // Streams tell of it as pages do.
    let socket = world.socket(&bob).await;
    let document = "subscription($id: ID!) { messageAdded(threadId: $id) { node { mentionsViewer mentions { user { username } offset } } } }";
    let mut added = socket.subscribe(document, json!({ "id": group })).await;
    socket.events(&group, None).await.until("CaughtUp").await;
    alice.send(&group, "@carol and @bob-2").await;
    let node = added.value().await["node"].clone();
    let mentions =
        json!([{ "user": { "username": "carol" }, "offset": 0 }, { "user": { "username": "Bob-2" }, "offset": 11 }]);
    assert_eq!(node, json!({ "mentionsViewer": true, "mentions": mentions }));
}

async fn nobody_is_mentioned_who_may_not_read(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    carol.leave(&group).await;
    let sent = alice.send(&group, "@bob @carol @dave").await;
    assert_eq!(alice.mentions_in(&sent.id).await, [(bob.id.clone(), "@bob".to_owned())]);
    let direct = world.direct(&alice, &bob).await;
    let sent = alice.send(&direct, "@bob @carol").await;
    assert_eq!(alice.mentions_in(&sent.id).await, [(bob.id.clone(), "@bob".to_owned())]);
    for user in [&carol, &dave] {
        assert!(user.mentions().await.is_empty());
    }
}

async fn in_a_room_whoever_may_read_is_mentioned(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room(&alice).await;
    alice.ban(&room, &carol).await;
    let sent = alice.send(&room, "@bob @carol").await;
    assert_eq!(world.user("dave").await.mentions_in(&sent.id).await, [(bob.id.clone(), "@bob".to_owned())]);
    assert_eq!(bob.mentions().await, [sent.id]);
    assert!(carol.mentions().await.is_empty());
    // And whoever is banned afterwards sees nothing of it any more.
    alice.ban(&room, &bob).await;
    assert!(bob.mentions().await.is_empty());
}

async fn an_edit_mentions_anew(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let sent = alice.send(&group, "@bob, please").await;
    assert_eq!((bob.mention_count(&group).await, carol.mention_count(&group).await), (1, 0));
    alice.edit(&sent, "Sorry: @carol, please").await;
    assert_eq!((bob.mention_count(&group).await, carol.mention_count(&group).await), (0, 1));
    assert_eq!(alice.mentions_in(&sent.id).await, [(carol.id.clone(), "@carol".to_owned())]);
    alice.edit(&sent, "Nobody, please").await;
    assert_eq!((bob.mention_count(&group).await, carol.mention_count(&group).await), (0, 0));
    assert!(alice.mentions_in(&sent.id).await.is_empty());
    assert!(bob.mentions().await.is_empty() && carol.mentions().await.is_empty());
}

async fn a_message_that_is_deleted_mentions_nobody(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let kept = alice.send(&group, "@bob, first").await;
    let sent = alice.send(&group, "@bob, second").await;
    assert_eq!(bob.mention_count(&group).await, 2);
    alice.delete(&sent).await;
    assert_eq!((bob.mention_count(&group).await, bob.mentions().await), (1, vec![kept.id]));
    assert_eq!(
        bob.message(&sent.id, "mentionsViewer mentions { offset }").await,
        json!({ "mentionsViewer": false, "mentions": [] })
    );
}

async fn a_mention_goes_with_the_account(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "@bob, are you there?").await;
    bob.mutate("accountDelete", json!({ "password": PASSWORD }), "").await.data();
    let gone = async || alice.mentions_in(&sent.id).await.is_empty().then_some(());
    eventually("the mention to be gone", gone).await;
    assert_eq!(alice.message(&sent.id, "content").await["content"], "@bob, are you there?");
    // Whoever takes the name is not mentioned by that.
    let other = world.user("bob").await;
    alice.add(&group, &other).await;
    assert!(other.mentions().await.is_empty());
}

async fn mentions_of_a_hundred_messages_take_as_many_statements_as_of_two(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    for number in 0..100 {
        alice.send(&group, &format!("@bob and @alice {number}")).await;
    }
    let document = "query($id: ID!, $last: Int!) { thread(id: $id) { messages(last: $last) { nodes { \
        mentionsViewer mentions { offset user { username } } } } } }";
    let mut counts = Vec::new();
    for last in [2, 100] {
        let variables = json!({ "id": group, "last": last });
        let (answer, statements) = crate::statements::statements_of(&world, &bob, document, variables).await;
        let nodes = answer.list("/thread/messages/nodes");
        assert_eq!(nodes.len(), last);
        assert!(
            nodes
                .iter()
                .all(|node| node["mentions"][1]["user"]["username"] == "alice" && node["mentionsViewer"] == true)
        );
        counts.push(statements.len());
    }
    assert_eq!(counts[0], counts[1]);
}

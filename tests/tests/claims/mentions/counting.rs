//! How many unread messages mention one: exact, whatever becomes of them.

use serde_json::{Value, json};
use tests::{User, World, claims};

use crate::statements::statements_of;

claims![
    unread_mentions_are_counted_apart,
    the_inbox_tells_of_mentions,
    whom_one_has_blocked_is_not_counted,
    what_the_archive_has_is_counted_all_the_same,
    counts_of_twenty_threads_take_as_many_statements_as_of_two,
];

async fn counts(user: &User, thread: &str) -> (i64, i64) {
    (user.unread(thread).await, user.mention_count(thread).await)
}

async fn unread_mentions_are_counted_apart(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let other = world.group(&alice, &[&bob]).await;
    let mut sent = Vec::new();
    for text in ["hello", "@bob", "@bob @bob", "@alice", "and @bob again"] {
        sent.push(alice.send(&group, text).await);
    }
    assert_eq!((counts(&bob, &group).await, counts(&bob, &other).await), ((5, 3), (0, 0)));
    bob.mark_read(&group, &sent[1].cursor).await;
    assert_eq!(counts(&bob, &group).await, (3, 2));
    // Whoever says something has read what was said before.
    bob.send(&group, "here I am, says @bob").await;
    assert_eq!(counts(&bob, &group).await, (0, 0));
    // Nobody has anything to read of what they have said themselves.
    assert_eq!(counts(&alice, &group).await, (1, 0));
    bob.send(&group, "@alice?").await;
    let marked = alice.try_mark("threadMarkRead", &group, &sent[4].cursor).await;
    marked.ok("/threadMarkRead/viewerState");
    assert_eq!(counts(&alice, &group).await, (2, 1));
}

async fn the_inbox_tells_of_mentions(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let socket = world.socket(&bob).await;
    let document = "subscription { inboxChanges { __typename ... on InboxThread { thread { viewerState { unreadCount mentionCount } } } } }";
    let mut inbox = socket.subscribe(document, Value::Null).await;
    inbox.until("InboxCaughtUp").await;
    let sent = alice.send(&group, "@bob").await;
    until_counts(&mut inbox, 1, 1).await;
    alice.edit(&sent, "nobody").await;
    until_counts(&mut inbox, 1, 0).await;
    alice.edit(&sent, "@bob after all").await;
    until_counts(&mut inbox, 1, 1).await;
    bob.mark_read(&group, &sent.cursor).await;
    until_counts(&mut inbox, 0, 0).await;
}

/// Reads on until a frame has these counts.
async fn until_counts(inbox: &mut tests::Subscription, unread: i64, mentions: i64) {
    loop {
        let frame = inbox.event().await;
        let state = &frame["thread"]["viewerState"];
        if state == &json!({ "unreadCount": unread, "mentionCount": mentions }) {
            return;
        }
    }
}

async fn whom_one_has_blocked_is_not_counted(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let of_alice = alice.send(&group, "@bob").await;
    let of_carol = carol.send(&group, "@bob").await;
    assert_eq!(bob.mention_count(&group).await, 2);
    bob.block(&carol).await;
    assert_eq!((counts(&bob, &group).await, bob.mentions().await), ((2, 1), vec![of_alice.id.clone()]));
    // It is told to nobody: for Carol all is as it was.
    assert_eq!(carol.mentions_in(&of_carol.id).await.len(), 1);
    bob.unblock(&carol).await;
    assert_eq!((counts(&bob, &group).await, bob.mentions().await), ((2, 2), vec![of_carol.id, of_alice.id]));
    // The other way round it changes nothing.
    carol.block(&bob).await;
    assert_eq!(bob.mention_count(&group).await, 2);
}

async fn what_the_archive_has_is_counted_all_the_same(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let (first, second) = (alice.send(&group, "@bob one").await, alice.send(&group, "@bob two").await);
    let archive = async || {
        let output = world.command(&["archive", "--days", "0"]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(
            world.database.number("SELECT COUNT(*) FROM message_mentions").await,
            0,
            "they go with their messages"
        );
    };
    archive().await;
    assert_eq!((bob.mention_count(&group).await, bob.mentions().await), (2, vec![second.id.clone(), first.id.clone()]));
    assert_eq!(bob.mentions_in(&first.id).await, [(bob.id.clone(), "@bob".to_owned())]);
    // What is changed there is changed.
    alice.edit(&first, "@carol one").await;
    alice.delete(&second).await;
    let third = alice.send(&group, "@bob three").await;
    assert_eq!((bob.mention_count(&group).await, carol.mention_count(&group).await), (1, 1));
    archive().await;
    assert_eq!((bob.mentions().await, carol.mentions().await), (vec![third.id.clone()], vec![first.id.clone()]));
    // And it comes back as it went.
    alice.archive(&group).await;
    alice.unarchive(&group).await;
    let back = async || (world.database.number("SELECT COUNT(*) FROM archived_mentions").await == 0).then_some(());
    tests::eventually("messages to come back", back).await;
    assert_eq!((bob.mention_count(&group).await, carol.mention_count(&group).await), (1, 1));
    assert_eq!(carol.mentions_in(&first.id).await, [(carol.id.clone(), "@carol".to_owned())]);
    bob.mark_read(&group, &third.cursor).await;
    assert_eq!(bob.mention_count(&group).await, 0);
}

async fn counts_of_twenty_threads_take_as_many_statements_as_of_two(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for _ in 0..20 {
        let group = world.group(&alice, &[&bob]).await;
        alice.send(&group, "@bob").await;
    }
    let document = "query($first: Int!) { viewer { threads(first: $first) { nodes { viewerState { unreadCount mentionCount } } } } }";
    let mut statements = Vec::new();
    for first in [2, 20] {
        let (answer, of) = statements_of(&world, &bob, document, json!({ "first": first })).await;
        let threads = answer.list("/viewer/threads/nodes");
        let expected = json!({ "viewerState": { "unreadCount": 1, "mentionCount": 1 } });
        assert_eq!(threads, &vec![expected; first]);
        statements.push(of.len());
    }
    assert_eq!(statements[0], statements[1]);
}

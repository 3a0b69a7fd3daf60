//! Pages and lists of threads that are told again, since nothing has changed.

use serde_json::{Value, json};
use tests::message::Sent;
use tests::{Client, User, World, claims, eventually};

claims![
    a_page_told_again_shows_every_change_at_once,
    what_changes_without_the_log_shows_at_once,
    whoever_may_read_no_more_is_told_nothing_again,
    nobody_is_told_what_another_was,
    a_page_told_again_costs_two_statements,
    addresses_of_files_are_good_for_long_when_they_are_told,
];

const PAGE: &str = "query($id: ID!) { thread(id: $id) { id title archivedAt eventCursor viewerState { role unreadCount canSend canManage } \
    participants(first: 10) { totalCount nodes { role user { username profile { displayName } } } } \
    lastMessage { content } messages(last: 20) { pageInfo { hasPreviousPage startCursor } edges { cursor node { \
    id content version editedAt deletedAt metadata clientKey replyCount parent { content } \
    sender { id username profile { displayName avatarUrl } } reactions { emoji count viewerHasReacted } attachments { name url } } } } } }";
const INBOX: &str = "query { viewer { threads(first: 10) { pageInfo { hasNextPage } edges { cursor node { id title viewerState { unreadCount } \
    lastMessage { content sender { username } } participants(first: 3) { nodes { user { profile { displayName } } } } } } } } }";

/// The answer to a document that may have been answered before, which has to be that to one that nobody has asked before.
async fn as_new(user: &User, document: &str, thread: &str) -> Value {
    let variables = if document.contains("$id") { json!({ "id": thread }) } else { json!({}) };
    for _ in 0..2 {
        user.graphql(document, variables.clone()).await.data();
    }
    let told = user.graphql(document, variables.clone()).await.data().clone();
    let fresh = format!("{document} # {}", uuid());
    assert_eq!(told, *user.graphql(&fresh, variables).await.data());
    told
}

fn uuid() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// What two people are shown now, of a thread and of their threads.
async fn shown(users: [&User; 2], thread: &str) -> Vec<Value> {
    let mut answers = Vec::new();
    for user in users {
        for document in [PAGE, INBOX] {
            answers.push(as_new(user, document, thread).await);
        }
    }
    answers
}

async fn a_page_told_again_shows_every_change_at_once(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let first = alice.send(&group, "one").await;
    let users = [&alice, &bob];
    let mut before = shown(users, &group).await;
    let mut sent: Option<Sent> = None;
    for step in 0..14 {
        match step {
            0 => sent = Some(bob.send(&group, "two").await),
            1 => drop(alice.reply(&group, sent.as_ref().unwrap(), "three").await),
            2 => drop(bob.edit(sent.as_ref().unwrap(), "two, edited").await),
            3 => drop(alice.react(sent.as_ref().unwrap(), "👍").await),
            4 => drop(bob.react(sent.as_ref().unwrap(), "👍").await),
            5 => drop(alice.unreact(sent.as_ref().unwrap(), "👍").await),
            6 => drop(alice.delete(&first).await),
            7 => drop(bob.mark_read(&group, &bob.event_cursor(&group).await).await),
            8 => drop(alice.try_set_title(&group, Some("A title")).await),
            9 => drop(alice.add(&group, &carol).await),
            10 => carol.leave(&group).await,
            11 => drop(alice.set_role(&group, &bob, "ADMIN").await),
            12 => drop(alice.archive(&group).await),
            _ => drop(alice.unarchive(&group).await),
        }
        let after = shown(users, &group).await;
        assert_ne!(before, after, "step {step} shows");
        before = after;
    }
}

async fn what_changes_without_the_log_shows_at_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    bob.send(&group, "hello").await;
    shown([&alice, &bob], &group).await;
    bob.update_profile(json!({ "displayName": "Robert" })).await.ok("/profileUpdate/user");
    let [page, inbox, ..] = &shown([&alice, &bob], &group).await[..] else { panic!("answers") };
    assert_eq!(page["thread"]["messages"]["edges"][0]["node"]["sender"]["profile"]["displayName"], "Robert");
    assert!(inbox.to_string().contains("Robert"), "{inbox}");
    let gone = json!({ "password": tests::account::PASSWORD });
    bob.mutate("accountDelete", gone, "deletedId").await.ok("/accountDelete/deletedId");
    eventually("the sender is gone", async || {
        let page = alice.graphql(PAGE, json!({ "id": group })).await;
        page.data()["thread"]["messages"]["edges"][0]["node"]["sender"].is_null().then_some(())
    })
    .await;
}

async fn whoever_may_read_no_more_is_told_nothing_again(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send(&group, "a secret").await;
    assert!(shown([&alice, &bob], &group).await[2].to_string().contains("a secret"));
    alice.remove(&group, &bob).await;
    assert_eq!(as_new(&bob, PAGE, &group).await["thread"], Value::Null);
    assert_eq!(as_new(&bob, INBOX, &group).await["viewer"]["threads"]["edges"], json!([]));
    // What there was not to be seen is seen as soon as it may be.
    alice.add(&group, &bob).await;
    assert!(as_new(&bob, PAGE, &group).await.to_string().contains("a secret"));
}

async fn nobody_is_told_what_another_was(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "hello").await;
    bob.react(&sent, "👍").await;
    let reacted =
        |page: &Value| page["thread"]["messages"]["edges"][0]["node"]["reactions"][0]["viewerHasReacted"].clone();
    for (user, expected) in [(&alice, false), (&bob, true), (&alice, false)] {
        assert_eq!(reacted(&as_new(user, PAGE, &group).await), expected);
    }
    assert_eq!(as_new(&carol, PAGE, &group).await["thread"], Value::Null);
    let key = bob.create_key(&["READ"]).await;
    as_new(&key.user, PAGE, &group).await;
    as_new(&key.user, INBOX, &group).await;
}

async fn a_page_told_again_costs_two_statements(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send_many(&group, 20).await;
    for document in [PAGE, INBOX] {
        as_new(&bob, document, &group).await;
        let variables = if document == PAGE { json!({ "id": group }) } else { json!({}) };
        world.server.record_statements().await;
        bob.graphql(document, variables).await.data();
        let statements = world.server.statements().await;
        let own =
            |sql: &str| sql.contains("thread_participants") || sql.contains("profiles") || sql.contains("messages");
        let told: Vec<_> = statements.iter().filter(|one| own(&one.sql)).collect();
        assert!(told.len() <= 2, "{told:?}");
    }
}

async fn addresses_of_files_are_good_for_long_when_they_are_told(world: World) {
    let alice = world.user("alice").await;
    let group = world.group(&alice, &[]).await;
    alice.share(&world.server, &group, ("a.txt", "text/plain"), b"hello").await;
    let url = |page: &Value| page["thread"]["messages"]["edges"][0]["node"]["attachments"][0]["url"].clone();
    let before = url(&as_new(&alice, PAGE, &group).await);
    world.server.advance_clock(std::time::Duration::from_secs(2 * 3600)).await;
    let variables = json!({ "id": group });
    let user = Client::anonymous(&world.server).sign_in("alice").await;
    let after = url(user.graphql(PAGE, variables).await.data());
    assert_ne!(before, after);
    assert_eq!(world.server.fetch(&after, &[]).await.status(), 200);
}

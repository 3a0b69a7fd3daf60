//! Retention: off unless an admin sets it, and then what is older goes, wherever it lies.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, Engine, User, World, claims};

use super::{PATIENT, Talk, move_all, places, tend};

claims![
    retention_is_off_by_default,
    admins_set_for_how_long_messages_are_kept,
    nobody_else_sets_it,
    retention_takes_what_is_older_and_says_so_in_the_log,
    retention_reaches_into_the_archive,
    unread_counts_hold_when_old_messages_go,
    what_retention_deleted_is_not_counted_one_by_one,
    retention_and_the_trimmed_log_go_together,
    a_long_thread_goes_in_parts,
    where_much_is_to_go_others_come_first,
];

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn patient(engine: Engine) -> World {
    World::start_with(engine, &PATIENT).await
}

async fn keep(user: &User, thread: &str, days: Option<i32>) -> Answer {
    let select = "thread { id title retentionDays } cursor";
    user.mutate("threadUpdate", json!({ "id": thread, "retentionDays": days }), select).await
}

async fn days_of(user: &User, thread: &str) -> Value {
    let document = "query($id: ID!) { thread(id: $id) { retentionDays } }";
    user.graphql(document, json!({ "id": thread })).await.ok("/thread/retentionDays").clone()
}

async fn tend_later(world: &World, days: u32) {
    world.server.advance_clock(days * DAY).await;
    tend(&world.server, &world.database).await;
}

/// What the messages of a thread say, from the first on.
async fn contents(user: &User, thread: &str) -> Vec<Value> {
    user.history(thread).await.into_iter().map(|(_, message)| message["content"].clone()).collect()
}

async fn retention_is_off_by_default(engine: Engine) {
    let world = patient(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send_many(&group, 3).await;
    assert_eq!(days_of(&bob, &group).await, Value::Null);
    tend_later(&world, 3000).await;
    assert_eq!(contents(&bob, &group).await, [json!("1"), json!("2"), json!("3")]);
}

async fn admins_set_for_how_long_messages_are_kept(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let end = bob.event_cursor(&group).await;
    let answer = keep(&alice, &group, Some(30)).await;
    assert_eq!(answer.ok("/threadUpdate/thread/retentionDays"), &json!(30));
    assert_eq!(answer.text("/threadUpdate/thread/title"), "A group", "what is left out stays");
    keep(&alice, &group, Some(30)).await.ok("/threadUpdate/thread");
    alice.try_set_title(&group, Some("Another")).await.ok("/threadUpdate/thread");
    assert_eq!(days_of(&bob, &group).await, 30);
    keep(&alice, &group, None).await.ok("/threadUpdate/thread");
    assert_eq!(days_of(&bob, &group).await, Value::Null);
    let kinds: Vec<_> =
        bob.all_events(&group, Some(&end)).await.iter().map(|frame| frame["__typename"].clone()).collect();
    assert_eq!(kinds, vec![json!("ThreadChanged"); 3], "each change once");
    for days in [0, -1, 3651] {
        keep(&alice, &group, Some(days)).await.refused("threadUpdate", "INVALID", &["retentionDays"]);
    }
    keep(&alice, &group, Some(3650)).await.ok("/threadUpdate/thread");
}

async fn nobody_else_sets_it(world: World) {
    let [alice, bob, stranger] = world.users(["alice", "bob", "stranger"]).await;
    let (group, direct) = (world.group(&alice, &[&bob]).await, world.direct(&alice, &bob).await);
    let archived = world.group(&alice, &[&bob]).await;
    alice.archive(&archived).await;
    keep(&bob, &group, Some(30)).await.refused_with("threadUpdate", "FORBIDDEN");
    keep(&stranger, &group, Some(30)).await.refused_with("threadUpdate", "NOT_FOUND");
    keep(&alice, &archived, Some(30)).await.refused_with("threadUpdate", "ARCHIVED");
    // What the two have said belongs to both.
    for user in [&alice, &bob] {
        keep(user, &direct, Some(30)).await.refused_with("threadUpdate", "FORBIDDEN");
    }
    assert_eq!([days_of(&bob, &group).await, days_of(&bob, &direct).await], [Value::Null, Value::Null]);
}

async fn retention_takes_what_is_older_and_says_so_in_the_log(engine: Engine) {
    let world = patient(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let file = json!([{ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 1 }]);
    let old = alice.send_with(json!({ "threadId": group, "content": "old", "attachments": file })).await;
    bob.react(&old, "👍").await;
    alice.edit(&old, "old and edited").await;
    let gone = bob.send(&group, "gone already").await;
    bob.delete(&gone).await;
    world.server.advance_clock(20 * DAY).await;
    let young = alice.reply(&group, &old, "young").await;
    keep(&alice, &group, Some(30)).await.ok("/threadUpdate/thread");
    tend(&world.server, &world.database).await;
    assert_eq!(contents(&bob, &group).await, [json!("old and edited"), Value::Null, json!("young")]);
    let socket = world.socket(&bob).await;
    let end = bob.event_cursor(&group).await;
    let mut events = socket.events(&group, Some(&end)).await;
    events.until("CaughtUp").await;
    tend_later(&world, 11).await;
    let frame = events.event().await;
    assert_eq!((&frame["__typename"], &frame["message"]["id"]), (&json!("MessageDeleted"), &json!(old.id)));
    assert_eq!(contents(&bob, &group).await, [Value::Null, Value::Null, json!("young")]);
    let select =
        "deletedAt content attachments { id } reactions { emoji } revisions(first: 5) { content } sender { id }";
    let message = bob.message(&old.id, select).await;
    assert!(message["deletedAt"].is_string() && message["sender"]["id"] == json!(alice.id), "{message}");
    for what in ["attachments", "reactions", "revisions"] {
        assert_eq!(message[what], json!([]), "{what}");
    }
    for table in ["message_attachments", "message_reactions", "message_revisions"] {
        assert_eq!(world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    assert_eq!(bob.message(&young.id, "parent { id }").await["parent"]["id"], json!(old.id));
    // Once is enough.
    tend_later(&world, 1).await;
    assert_eq!(bob.all_events(&group, Some(&end)).await.len(), 1);
}

async fn retention_reaches_into_the_archive(engine: Engine) {
    let world = patient(engine).await;
    let talk = Talk::begin(&world).await;
    let [alice, bob, _] = &talk.users;
    move_all(&world).await;
    world.server.advance_clock(20 * DAY).await;
    let young = alice.send(&talk.group, "young").await;
    keep(alice, &talk.group, Some(10)).await.ok("/threadUpdate/thread");
    tend(&world.server, &world.database).await;
    let history = bob.history(&talk.group).await;
    assert_eq!(history.len(), 21, "places stay");
    assert!(history[..20].iter().all(|(_, message)| message["content"].is_null()));
    assert_eq!(history[20].1["id"], json!(young.id));
    assert_eq!(places(&world.database).await, [1, 20]);
    for table in ["archived_attachments", "archived_reactions", "archived_revisions"] {
        assert_eq!(world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    let said = "SELECT COUNT(*) FROM archived_messages WHERE content IS NOT NULL OR metadata IS NOT NULL";
    assert_eq!(world.database.number(said).await, 0);
    alice.archive(&talk.group).await;
    tend_later(&world, 11).await;
    assert_eq!(contents(bob, &talk.group).await[20], Value::Null, "also while it is read-only");
}

async fn unread_counts_hold_when_old_messages_go(engine: Engine) {
    let world = patient(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let old = alice.send_many(&group, 6).await;
    bob.mark_read(&group, &old[1].cursor).await;
    move_all(&world).await;
    alice.send_many(&group, 2).await;
    world.server.advance_clock(20 * DAY).await;
    alice.send_many(&group, 3).await;
    assert_eq!(bob.unread(&group).await, 9);
    keep(&alice, &group, Some(10)).await.ok("/threadUpdate/thread");
    tend(&world.server, &world.database).await;
    assert_eq!(bob.unread(&group).await, 3);
    bob.mark_read(&group, &old[4].cursor).await;
    assert_eq!(bob.unread(&group).await, 3);
    tend_later(&world, 11).await;
    assert_eq!(bob.unread(&group).await, 0);
    let unread = bob.graphql("{ viewer { unreadThreadCount } }", Value::Null).await;
    assert_eq!(unread.number("/viewer/unreadThreadCount"), 0);
}

async fn what_retention_deleted_is_not_counted_one_by_one(engine: Engine) {
    let world = patient(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let old = alice.send_many(&group, 4).await;
    alice.delete(&old[1]).await;
    keep(&alice, &group, Some(10)).await.ok("/threadUpdate/thread");
    tend_later(&world, 11).await;
    let unread_threads =
        async || bob.graphql("{ viewer { unreadThreadCount } }", Value::Null).await.number("/viewer/unreadThreadCount");
    // All of it is deleted, which the thread itself says: nothing is counted.
    world.server.record_statements().await;
    assert_eq!((bob.unread(&group).await, unread_threads().await), (0, 0));
    let statements = world.server.statements().await;
    let counting = |sql: &str| sql.contains("deleted_at IS NOT NULL GROUP BY");
    assert_eq!(statements.iter().filter(|statement| counting(&statement.sql)).count(), 0);
    let young = alice.send_many(&group, 3).await;
    alice.delete(&young[1]).await;
    assert_eq!((bob.unread(&group).await, unread_threads().await), (2, 1));
    bob.mark_read(&group, &young[0].cursor).await;
    assert_eq!((bob.unread(&group).await, unread_threads().await), (1, 1));
    alice.delete(&young[2]).await;
    assert_eq!((bob.unread(&group).await, unread_threads().await), (0, 0));
}

async fn retention_and_the_trimmed_log_go_together(engine: Engine) {
    let world = World::start_with(engine, &[&PATIENT[..], &[("LINNET_LOG_RETENTION_DAYS", "5")]].concat()).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    keep(&alice, &group, Some(10)).await.ok("/threadUpdate/thread");
    let sent = alice.send_many(&group, 4).await;
    move_all(&world).await;
    tend_later(&world, 11).await;
    world.server.trim_log().await;
    let young = alice.send(&group, "young").await;
    // The lines of their deletion are kept for their time; those that posted them are gone.
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, Some(&sent[0].cursor)).await;
    assert_eq!(events.event().await["__typename"], "StreamReset");
    let kept: Vec<_> = bob.all_events(&group, None).await.iter().map(|frame| frame["__typename"].clone()).collect();
    assert_eq!(kept, [vec![json!("MessageDeleted"); 4], vec![json!("MessagePosted")]].concat());
    // A stream of messages has no such end: what is gone comes as a tombstone, at its place.
    let mut messages = socket.messages(&group, Some(&sent[0].cursor)).await;
    for sent in &sent[1..] {
        let edge = messages.value().await;
        assert_eq!((&edge["node"]["id"], &edge["node"]["content"]), (&json!(sent.id), &Value::Null));
    }
    assert_eq!(messages.value().await["node"]["id"], json!(young.id));
}

async fn a_long_thread_goes_in_parts(engine: Engine) {
    let world = patient(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send_many(&group, 230).await;
    keep(&alice, &group, Some(1)).await.ok("/threadUpdate/thread");
    world.server.advance_clock(2 * DAY).await;
    let young = alice.send(&group, "young").await;
    tend(&world.server, &world.database).await;
    let history = bob.history(&group).await;
    assert_eq!(history.len(), 231);
    assert!(history[..230].iter().all(|(_, message)| message["content"].is_null() && message["deletedAt"].is_string()));
    assert_eq!(history[230].1["id"], json!(young.id));
    let page = bob.page(&group, &format!("last: 5, before: \"{}\"", sent[100].cursor)).await;
    assert_eq!(page.list("/thread/messages/edges").len(), 5, "cursors hold");
}

async fn where_much_is_to_go_others_come_first(engine: Engine) {
    let world = patient(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for _ in 0..40 {
        let group = world.group(&alice, &[&bob]).await;
        keep(&alice, &group, Some(30)).await.ok("/threadUpdate/thread/id");
        alice.send(&group, "hello").await;
    }
    world.server.advance_clock(31 * DAY).await;
    world.server.look_for_recurring_work().await;
    let gone = async || {
        let kept = "SELECT COUNT(*) FROM messages WHERE deleted_at IS NULL";
        let left = "SELECT COUNT(*) FROM jobs";
        (world.database.number(kept).await + world.database.number(left).await == 0).then_some(())
    };
    let turns = world.server.turns("delete_old_messages", "all messages to be deleted", gone).await;
    assert!(turns > 1.5, "it was done in {turns} turns");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM failed_jobs").await, 0);
}

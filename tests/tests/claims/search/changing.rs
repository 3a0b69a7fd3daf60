//! What is found follows what is said: edits, deletions, the archive, retention.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Engine, User, World, claims, eventually};

claims![
    an_edited_message_is_found_by_what_it_says_now,
    a_deleted_message_is_out_of_the_index_at_once,
    what_is_moved_to_the_archive_is_found_as_before,
    what_retention_deletes_is_found_no_more,
    what_is_sent_twice_by_one_key_is_found_once,
];

const PATIENT: [(&str, &str); 2] = [("LINNET_ACCESS_TOKEN_MINUTES", "5000000"), ("LINNET_SESSION_DAYS", "3650")];

/// Entries of the index.
async fn entries(world: &World) -> i64 {
    let count = world.database.number("SELECT COUNT(*) FROM message_search").await;
    if world.database.engine() == Engine::Sqlite {
        let terms = world.database.number("SELECT COUNT(*) FROM message_search_terms").await;
        assert_eq!(terms, count, "entries have terms");
    }
    count
}

async fn an_edited_message_is_found_by_what_it_says_now(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let sent = alice.send(&room, "before it was edited").await;
    alice.send(&room, "another").await;
    alice.edit(&sent, "after that, the needle").await;
    assert_eq!(alice.search("before").await, [""; 0]);
    assert_eq!(alice.search("need").await, ["after that, the needle"]);
    alice.edit(&sent, "another after all").await;
    assert_eq!(alice.search("needle").await, [""; 0]);
    // It keeps its place.
    assert_eq!(alice.search("another").await, ["another", "another after all"]);
    assert_eq!(entries(&world).await, 2);
}

async fn a_deleted_message_is_out_of_the_index_at_once(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let sent = alice.send_many(&room, 5).await;
    let needle = alice.send(&room, "needle").await;
    assert_eq!(entries(&world).await, 6);
    alice.delete(&needle).await;
    alice.delete(&sent[2]).await;
    assert_eq!(alice.search("needle").await, [""; 0]);
    assert_eq!(alice.search("3").await, [""; 0]);
    assert_eq!(alice.search("4").await, ["4"]);
    assert_eq!(entries(&world).await, 4);
}

async fn found_by(user: &User, thread: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for query in ["talk", "\"talk number\"", "number 7 ", "nu"] {
        let page = user.search_with(json!({ "query": query, "first": 7 })).await;
        let after = page.text("/viewer/messageSearch/pageInfo/endCursor");
        let next = json!({ "query": query, "first": 7, "after": after, "threadId": thread });
        found.extend([page.data().clone(), user.search_with(next).await.data().clone()]);
    }
    found
}

async fn what_is_moved_to_the_archive_is_found_as_before(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let mut sent = Vec::new();
    for number in 0..20 {
        let input =
            json!({ "threadId": group, "content": format!("talk number {number}"), "metadata": { "n": number } });
        sent.push(alice.send_with(input).await);
    }
    let before = found_by(&bob, &group).await;
    let output = world.command(&["archive", "--days", "0"]).await;
    assert!(output.status.success());
    assert_eq!(world.database.number("SELECT COUNT(*) FROM archived_messages").await, 20);
    assert_eq!(found_by(&bob, &group).await, before);
    assert_eq!(entries(&world).await, 20);
    let by_metadata = json!({ "query": "talk", "metadata": [{ "key": "n", "value": 3 }] });
    assert_eq!(bob.found(by_metadata).await, ["talk number 3"]);
    // There they change as anywhere.
    alice.edit(&sent[3], "talk of something else").await;
    alice.delete(&sent[4]).await;
    alice.send(&group, "talk of today").await;
    assert_eq!(bob.search("number 3 ").await, [""; 0]);
    assert_eq!(bob.search("number 4 ").await, [""; 0]);
    assert_eq!(bob.search("\"talk of\"").await, ["talk of today", "talk of something else"]);
    assert_eq!(bob.search("talk").await.len(), 20);
    // And back.
    alice.archive(&group).await;
    alice.unarchive(&group).await;
    let left = async || (world.database.number("SELECT COUNT(*) FROM archived_messages").await == 0).then_some(());
    eventually("all to be back", left).await;
    assert_eq!(bob.search("talk").await.len(), 20);
    assert_eq!(bob.search("\"talk of\"").await, ["talk of today", "talk of something else"]);
    assert_eq!(entries(&world).await, 20);
}

async fn what_retention_deletes_is_found_no_more(engine: Engine) {
    let world = World::start_with(engine, &PATIENT).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send(&group, "needle of old").await;
    world.server.advance_clock(Duration::from_secs(20 * 24 * 3600)).await;
    alice.send(&group, "needle of today").await;
    alice
        .mutate("threadUpdate", json!({ "id": group, "retentionDays": 10 }), "thread { id }")
        .await
        .ok("/threadUpdate/thread");
    world.server.look_for_recurring_work().await;
    let gone = async || (bob.search("needle").await == ["needle of today"]).then_some(());
    eventually("what is old to be deleted", gone).await;
    assert_eq!(entries(&world).await, 1);
}

async fn what_is_sent_twice_by_one_key_is_found_once(world: World) {
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let input = json!({ "threadId": room, "content": "needle", "clientKey": "one" });
    alice.send_with(input.clone()).await;
    alice.send_with(input).await;
    assert_eq!(alice.search("needle").await, ["needle"]);
    assert_eq!(entries(&world).await, 1);
}

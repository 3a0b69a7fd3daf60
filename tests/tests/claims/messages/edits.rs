//! Edits: nothing that was there is lost, and nobody overwrites what they have not seen.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Sent, User, World, claims};

claims![
    an_edit_changes_content_and_version_and_nothing_else,
    edits_keep_every_revision,
    revisions_are_given_from_either_end,
    an_edit_keeps_the_place_of_the_message,
    an_edit_is_in_the_log_and_reaches_the_others,
    an_expected_version_that_has_moved_on_is_a_conflict,
    of_parallel_edits_with_one_expected_version_one_wins,
    parallel_edits_without_one_all_count,
];

async fn an_edit_changes_content_and_version_and_nothing_else(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let attachment = json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 3 });
    let input = json!({ "threadId": thread, "content": "one", "metadata": { "a": 1 }, "attachments": [attachment] });
    let sent = alice.send_with(input).await;
    bob.react(&sent, "👍").await;
    let mut before = bob.message(&sent.id, tests::message::MESSAGE).await;
    assert_eq!(before["version"], 1);
    let answer = alice.try_edit(&sent.id, "two", None).await;
    assert_eq!(answer.ok("/messageEdit/message/content"), "two");
    assert!(answer.text("/messageEdit/cursor") > sent.cursor);
    let after = bob.message(&sent.id, tests::message::MESSAGE).await;
    assert_eq!(&after, answer.ok("/messageEdit/message"));
    assert!(after["editedAt"].is_string());
    before["content"] = json!("two");
    before["version"] = json!(2);
    for field in ["editedAt", "revisions"] {
        before[field] = after[field].clone();
    }
    assert_eq!(after, before);
}

async fn edits_keep_every_revision(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "one").await;
    for (number, content) in ["two", "three", "four"].iter().enumerate() {
        alice.edit(&sent, content).await;
        assert_eq!(bob.message(&sent.id, "version").await["version"], number + 2);
    }
    for user in [&alice, &bob] {
        let message = user.message(&sent.id, "revisions { version content createdAt }").await;
        let revisions = message["revisions"].as_array().unwrap();
        assert!(revisions.iter().all(|revision| revision["createdAt"].is_string()));
        let mut found: Vec<_> = revisions.iter().map(|one| (one["version"].clone(), one["content"].clone())).collect();
        // Whether the current one is among them is left open; if it is, it is the last.
        if found.len() == 4 {
            assert_eq!(found.pop(), Some((json!(4), json!("four"))));
        }
        let earlier = [(json!(1), json!("one")), (json!(2), json!("two")), (json!(3), json!("three"))];
        assert_eq!(found, earlier);
    }
}

async fn revisions_are_given_from_either_end(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "edit 1").await;
    let other = alice.send(&thread, "another").await;
    for number in 2..=31 {
        alice.edit(&sent, &format!("edit {number}")).await;
    }
    alice.edit(&other, "another again").await;
    let fields = "left: revisions { version } first: revisions(first: 3) { version } one: revisions(first: 1) { content } \
        all: revisions(first: 100) { version } last: revisions(last: 4) { version content }";
    let document = format!("query($id: ID!) {{ thread(id: $id) {{ messages(last: 2) {{ nodes {{ {fields} }} }} }} }}");
    let answer = bob.graphql(&document, json!({ "id": thread })).await;
    let versions = |field: &str| -> Vec<i64> {
        let list = answer.list(&format!("/thread/messages/nodes/0/{field}"));
        list.iter().map(|revision| revision["version"].as_i64().unwrap()).collect()
    };
    assert_eq!(versions("left"), (1..=20).collect::<Vec<_>>());
    assert_eq!(versions("first"), [1, 2, 3]);
    assert_eq!(versions("all"), (1..=30).collect::<Vec<_>>());
    assert_eq!(versions("last"), [27, 28, 29, 30]);
    assert_eq!(answer.ok("/thread/messages/nodes/0/last/3/content"), "edit 30");
    assert_eq!(answer.ok("/thread/messages/nodes/1/last"), &json!([{ "version": 1, "content": "another" }]));
    assert_eq!(answer.ok("/thread/messages/nodes/1/one"), &json!([{ "content": "another" }]));
    for arguments in ["first: 0", "first: 101", "last: 0", "last: 101", "last: -1", "first: 1, last: 1"] {
        let document = format!(
            "query($id: ID!) {{ node(id: $id) {{ ... on Message {{ revisions({arguments}) {{ version }} }} }} }}"
        );
        let answer = bob.graphql(&document, json!({ "id": sent.id })).await;
        // A number that no page has may be refused before it is asked for, as too much.
        assert!(matches!(answer.error_code(), Some("INVALID" | "TOO_EXPENSIVE")), "{arguments}: {}", answer.json);
    }
}

async fn an_edit_keeps_the_place_of_the_message(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 3).await;
    alice.edit(&sent[0], "edited").await;
    let history = bob.history(&thread).await;
    let places: Vec<_> = history.iter().map(|(cursor, message)| (cursor.clone(), message["content"].clone())).collect();
    let contents = ["edited", "2", "3"];
    let expected: Vec<_> =
        sent.iter().zip(contents).map(|(sent, content)| (sent.cursor.clone(), json!(content))).collect();
    assert_eq!(places, expected);
    assert_eq!(bob.unread(&thread).await, 3, "an edit is nothing new to read");
    assert_eq!(bob.thread(&thread).await["lastMessage"]["id"], sent[2].id.as_str());
}

async fn an_edit_is_in_the_log_and_reaches_the_others(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "one").await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&sent.cursor)).await;
    events.until("CaughtUp").await;
    let cursor = alice.edit(&sent, "two").await;
    let frame = events.event().await;
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("MessageEdited"), &json!(cursor)));
    assert_eq!((&frame["message"]["id"], &frame["message"]["content"]), (&json!(sent.id), &json!("two")));
    assert_eq!(bob.all_events(&thread, Some(&sent.cursor)).await, [frame]);
}

async fn an_expected_version_that_has_moved_on_is_a_conflict(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "one").await;
    alice.try_edit(&sent.id, "two", Some(1)).await.ok("/messageEdit/cursor");
    let before = alice.event_cursor(&thread).await;
    for stale in [1, 3] {
        let answer = alice.try_edit(&sent.id, "lost", Some(stale)).await;
        answer.refused("messageEdit", "CONFLICT", &["expectedVersion"]);
    }
    let message = bob.message(&sent.id, "content version").await;
    assert_eq!(message, json!({ "content": "two", "version": 2 }));
    assert_eq!(bob.event_cursor(&thread).await, before, "a lost edit is not in the log");
    alice.try_edit(&sent.id, "three", Some(2)).await.ok("/messageEdit/cursor");
}

async fn of_parallel_edits_with_one_expected_version_one_wins(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "start").await;
    let answers = join_all((0..10).map(|number| edit(&alice, &sent, number, Some(1)))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.user_errors("messageEdit").is_empty()).collect();
    assert_eq!(won.len(), 1);
    for answer in answers.iter().filter(|answer| !answer.user_errors("messageEdit").is_empty()) {
        answer.refused("messageEdit", "CONFLICT", &["expectedVersion"]);
    }
    let message = bob.message(&sent.id, "content version").await;
    assert_eq!(message, json!({ "content": won[0].text("/messageEdit/message/content"), "version": 2 }));
}

async fn parallel_edits_without_one_all_count(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "start").await;
    let answers = join_all((0..10).map(|number| edit(&alice, &sent, number, None))).await;
    let mut versions: Vec<_> = answers.iter().map(|answer| answer.text("/messageEdit/cursor")).collect();
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), 10, "each edit has its place in the log");
    let message = bob.message(&sent.id, "version revisions { version content }").await;
    assert_eq!(message["version"], 11);
    let revisions = message["revisions"].as_array().unwrap();
    let kept: Vec<_> = revisions.iter().take(10).map(|revision| revision["version"].clone()).collect();
    assert_eq!(kept, (1..=10).map(Value::from).collect::<Vec<_>>());
}

async fn edit(user: &User, sent: &Sent, number: usize, expected: Option<i64>) -> tests::Answer {
    user.try_edit(&sent.id, &format!("edit {number}"), expected).await
}

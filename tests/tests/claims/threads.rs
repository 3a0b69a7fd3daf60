//! Threads: made, named, listed, and watched.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{User, World, claims};

claims![
    asking_twice_for_the_same_two_gives_the_same_thread,
    both_asking_at_once_get_one_thread,
    a_thread_is_as_its_kind_says,
    a_group_holds_whom_it_was_made_with,
    those_named_twice_take_part_once,
    a_title_is_set_changed_and_taken_away,
    changes_of_a_thread_are_in_its_log,
    the_most_recently_active_thread_comes_first,
    unread_threads_are_counted,
    the_event_cursor_is_where_the_log_stands,
    what_is_sent_survives_a_restart,
];

async fn asking_twice_for_the_same_two_gives_the_same_thread(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let thread = world.direct(&alice, &bob).await;
    assert_eq!(world.direct(&alice, &bob).await, thread);
    assert_eq!(world.direct(&bob, &alice).await, thread);
    assert_ne!(world.direct(&alice, &carol).await, thread);
    assert_eq!(alice.thread(&thread).await["createdBy"]["id"], alice.id.as_str());
}

async fn both_asking_at_once_get_one_thread(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let ask =
        |number: usize| if number.is_multiple_of(2) { alice.create_direct(&bob) } else { bob.create_direct(&alice) };
    let mut threads = join_all((0..20).map(ask)).await;
    threads.dedup();
    assert_eq!(threads.len(), 1);
    for user in [&alice, &bob] {
        assert_eq!(own_threads(user).await, threads);
        assert_eq!(user.participants(&threads[0]).await.len(), 2);
    }
}

async fn a_thread_is_as_its_kind_says(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let direct = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    let room = world.room(&alice).await;
    let expected = [
        (&direct, "DIRECT", Value::Null, 2, true, "MEMBER"),
        (&group, "GROUP", json!("A group"), 2, true, "ADMIN"),
        (&room, "ROOM", json!("A room"), 1, false, "ADMIN"),
    ];
    for (id, kind, title, count, shares, role) in expected {
        let thread = alice.thread(id).await;
        assert!(id.starts_with("thr_") && id.len() == 30, "{id}");
        assert_eq!(thread["id"], id.as_str());
        assert_eq!(thread["kind"], kind);
        assert_eq!(thread["title"], title);
        assert_eq!(thread["participantCount"], count);
        assert_eq!(thread["sharesReceipts"], shares);
        assert_eq!(thread["viewerState"]["role"], role);
        assert_eq!(thread["viewerState"]["unreadCount"], 0);
        assert_eq!(thread["viewerState"]["canSend"], true);
        assert!(thread["createdAt"].is_string() && thread["updatedAt"].is_string() && thread["archivedAt"].is_null());
    }
}

async fn a_group_holds_whom_it_was_made_with(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let input = json!({ "group": { "participantIds": [bob.id, carol.id] } });
    let answer = alice.try_create_thread(input).await;
    assert!(answer.ok("/threadCreate/thread/title").is_null());
    let group = answer.text("/threadCreate/thread/id");
    for user in [&alice, &bob, &carol] {
        let mut ids: Vec<_> = user.participants(&group).await.iter().map(|p| p["user"]["id"].clone()).collect();
        ids.sort_by_key(Value::to_string);
        let mut expected = [json!(alice.id), json!(bob.id), json!(carol.id)];
        expected.sort_by_key(Value::to_string);
        assert_eq!(ids, expected);
    }
    let again = alice.try_create_thread(json!({ "group": { "participantIds": [bob.id, carol.id] } })).await;
    assert_ne!(again.text("/threadCreate/thread/id"), group, "of groups there may be many");
}

async fn those_named_twice_take_part_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = alice.try_create_group(&[&bob.id, &alice.id, &bob.id]).await;
    assert_eq!(group.number("/threadCreate/thread/participantCount"), 2);
    assert_eq!(group.ok("/threadCreate/thread/viewerState/role"), "ADMIN");
}

async fn a_title_is_set_changed_and_taken_away(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    for title in [Some("one"), Some("Zwei ☕"), None] {
        let answer = alice.try_set_title(&group, title).await;
        assert_eq!(answer.ok("/threadUpdate/thread/title"), &json!(title));
        assert_eq!(bob.thread(&group).await["title"], json!(title));
    }
}

async fn changes_of_a_thread_are_in_its_log(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, Some(&start)).await;
    events.until("CaughtUp").await;
    let titled = alice.try_set_title(&group, Some("New")).await.text("/threadUpdate/cursor");
    let archived = alice.archive(&group).await;
    let back = alice.unarchive(&group).await;
    for cursor in [titled, archived, back] {
        let frame = events.event().await;
        assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("ThreadChanged"), &json!(cursor)));
        assert_eq!((&frame["thread"]["id"], &frame["thread"]["title"]), (&json!(group), &json!("New")));
    }
}

async fn the_most_recently_active_thread_comes_first(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let with_bob = world.direct(&alice, &bob).await;
    let with_carol = world.direct(&alice, &carol).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    assert_eq!(own_threads(&alice).await, [&*group, &with_carol, &with_bob]);
    bob.send(&with_bob, "hello").await;
    assert_eq!(own_threads(&alice).await, [&*with_bob, &group, &with_carol]);
    alice.send(&with_carol, "hello").await;
    assert_eq!(own_threads(&alice).await, [&*with_carol, &with_bob, &group]);
    assert_eq!(own_threads(&bob).await, [&*with_bob, &group]);
}

async fn unread_threads_are_counted(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let with_bob = world.direct(&alice, &bob).await;
    let with_carol = world.direct(&alice, &carol).await;
    assert_eq!(unread_threads(&alice).await, 0);
    let first = bob.send(&with_bob, "one").await;
    bob.send(&with_bob, "two").await;
    assert_eq!(unread_threads(&alice).await, 1);
    let other = carol.send(&with_carol, "one").await;
    assert_eq!(unread_threads(&alice).await, 2);
    alice.mark_read(&with_bob, &first.cursor).await;
    assert_eq!(unread_threads(&alice).await, 2, "one of two is read");
    alice.mark_read(&with_carol, &other.cursor).await;
    assert_eq!(unread_threads(&alice).await, 1);
    alice.send(&with_bob, "an answer").await;
    assert_eq!(unread_threads(&alice).await, 0, "who answers has read");
    assert_eq!(unread_threads(&bob).await, 1);
}

async fn the_event_cursor_is_where_the_log_stands(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "hello").await;
    assert_eq!(bob.event_cursor(&group).await, sent.cursor);
    let cursors = [
        bob.react(&sent, "👍").await,
        alice.edit(&sent, "edited").await,
        alice.add(&group, &carol).await,
        alice.set_role(&group, &carol, "ADMIN").await,
        alice.remove(&group, &carol).await,
        alice.try_set_title(&group, Some("New")).await.text("/threadUpdate/cursor"),
        alice.delete(&sent).await,
    ];
    let frames = bob.all_events(&group, Some(&sent.cursor)).await;
    let logged: Vec<_> = frames.iter().map(|frame| frame["cursor"].as_str().unwrap()).collect();
    assert_eq!(logged, cursors, "each payload has the cursor of its event, and there is no other event");
    assert_eq!(bob.event_cursor(&group).await, cursors[6]);
    assert!(bob.all_events(&group, Some(&cursors[6])).await.is_empty());
}

async fn what_is_sent_survives_a_restart(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 5).await;
    bob.react(&sent[2], "👍").await;
    bob.mark_read(&thread, &sent[3].cursor).await;
    let before = (bob.history(&thread).await, bob.thread(&thread).await, alice.all_events(&thread, None).await);
    world.server.restart().await;
    let after = (bob.history(&thread).await, bob.thread(&thread).await, alice.all_events(&thread, None).await);
    assert_eq!(after, before);
    assert!(alice.send(&thread, "and on").await.cursor > sent[4].cursor);
}

async fn own_threads(user: &User) -> Vec<String> {
    let answer = user.graphql("{ viewer { threads(first: 100) { nodes { id } } } }", json!({})).await;
    let nodes = answer.list("/viewer/threads/nodes");
    nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

async fn unread_threads(user: &User) -> i64 {
    user.graphql("{ viewer { unreadThreadCount } }", json!({})).await.number("/viewer/unreadThreadCount")
}

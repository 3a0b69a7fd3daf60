//! The direct thread of two of whom one has blocked the other.

use serde_json::{Value, json};
use tests::{User, World, claims};

claims![
    nobody_writes_in_it,
    neither_is_told_who_it_was,
    it_can_still_be_read,
    it_opens_again_once_both_have_lifted_their_blocks,
    it_can_be_put_away_but_not_taken_back,
    the_devices_of_the_one_who_blocks_hear_of_it_and_those_of_the_other_do_not,
    what_was_sent_before_is_found_by_its_key_and_not_sent_again,
];

async fn nobody_writes_in_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = [alice.send(&thread, "hello").await, bob.send(&thread, "hi").await];
    alice.block(&bob).await;
    let before = alice.event_cursor(&thread).await;
    for (user, own) in [(&alice, &sent[0]), (&bob, &sent[1])] {
        assert_eq!(can_send(user, &thread).await, false);
        user.try_send(&thread, "listen").await.refused("messageSend", "FORBIDDEN", &["threadId"]);
        user.try_edit(&own.id, "listen", None).await.refused("messageEdit", "FORBIDDEN", &["id"]);
        user.try_delete(&own.id).await.refused("messageDelete", "FORBIDDEN", &["id"]);
        for message in &sent {
            user.try_react(&message.id, "👍").await.refused("reactionAdd", "FORBIDDEN", &["messageId"]);
            user.try_unreact(&message.id, "👍").await.refused("reactionRemove", "FORBIDDEN", &["messageId"]);
        }
        user.try_type(&thread).await.refused("typingSignal", "FORBIDDEN", &["threadId"]);
    }
    assert_eq!(alice.event_cursor(&thread).await, before, "nothing has happened there");
}

/// Everything that the two can ask about the thread and about each other reads alike for both.
async fn neither_is_told_who_it_was(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.send(&thread, "hello").await;
    let asked = async |user: &User, other: &User| {
        let refused = user.try_send(&thread, "listen").await.json;
        let state = user.thread(&thread).await["viewerState"]["canSend"].clone();
        let group = user.try_create_group(&[&other.id]).await.json;
        let document = "query($name: String!) { users(search: $name, first: 5) { nodes { username } } \
            user(by: { username: $name }) { username createdAt } }";
        let found = user.graphql(document, json!({ "name": other.username })).await.json;
        json!([refused, state, group, found["data"]["users"], found["data"]["user"]["username"] == *other.username])
    };
    alice.block(&bob).await;
    let (of_alice, of_bob) = (asked(&alice, &bob).await, asked(&bob, &alice).await);
    assert_eq!(of_alice, of_bob);
    assert_eq!(of_bob[3]["nodes"], json!([]), "it was asked for what is hidden");
    // And an account that is at rest or suspended answers as one that blocks: whoever is refused can't tell which it is.
    let why = bob.try_create_group(&[&alice.id]).await.json;
    for change in ["is_active = false", "is_active = true, suspended_at = created_at"] {
        world.database.execute(&format!("UPDATE users SET {change} WHERE username = 'carol'")).await;
        assert_eq!(bob.try_create_group(&[&carol.id]).await.json, why, "{change}");
    }
}

async fn it_can_still_be_read(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "hello").await;
    alice.block(&bob).await;
    for (user, other) in [(&alice, &bob), (&bob, &alice)] {
        assert_eq!(user.history(&thread).await[0].1["content"], "hello");
        assert_eq!(user.message(&sent.id, "content sender { username }").await["sender"]["username"], "alice");
        assert!(user.participants(&thread).await.iter().any(|one| one["user"]["id"] == other.id.as_str()));
        user.mark_read(&thread, &sent.cursor).await;
        assert_eq!(user.create_direct(other).await, thread, "asking for it gives it, as ever");
        let list = user.graphql("{ viewer { threads(first: 5) { nodes { id } } } }", Value::Null).await;
        assert_eq!(list.ok("/viewer/threads/nodes/0/id"), thread.as_str());
    }
}

async fn it_opens_again_once_both_have_lifted_their_blocks(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.block(&bob).await;
    bob.block(&alice).await;
    alice.unblock(&bob).await;
    for user in [&alice, &bob] {
        user.try_send(&thread, "listen").await.refused("messageSend", "FORBIDDEN", &["threadId"]);
        assert_eq!(can_send(user, &thread).await, false);
    }
    bob.unblock(&alice).await;
    for user in [&alice, &bob] {
        user.send(&thread, "there you are").await;
        assert_eq!(can_send(user, &thread).await, true);
    }
}

async fn it_can_be_put_away_but_not_taken_back(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.block(&bob).await;
    alice.archive(&thread).await;
    for user in [&alice, &bob] {
        user.try_archive(&thread, false).await.refused("threadArchive", "FORBIDDEN", &["id"]);
    }
    alice.unblock(&bob).await;
    bob.unarchive(&thread).await;
    bob.send(&thread, "hello again").await;
}

async fn the_devices_of_the_one_who_blocks_hear_of_it_and_those_of_the_other_do_not(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let other = alice.create_group(&[&bob]).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let (mut alices, mut bobs) = (of_alice.inbox(None).await, of_bob.inbox(None).await);
    let mut events = of_bob.events(&thread, None).await;
    for stream in [&mut alices, &mut bobs] {
        stream.until("InboxCaughtUp").await;
    }
    events.until("CaughtUp").await;
    for blocked in [true, false] {
        if blocked {
            alice.block(&bob).await;
        } else {
            alice.unblock(&bob).await;
        }
        loop {
            let frame = alices.event().await;
            assert_eq!(frame["thread"]["id"], thread.as_str(), "{frame}");
            if frame["thread"]["viewerState"]["canSend"] != blocked {
                break;
            }
        }
        let marker = alice.send(&other, "a marker").await;
        let frame = bobs.event().await;
        assert_eq!(frame["thread"]["id"], other.as_str(), "the first that bob hears is of the other thread: {frame}");
        assert_eq!(frame["thread"]["lastMessage"]["id"], marker.id);
        loop {
            if alices.event().await["thread"]["id"] == other.as_str() {
                break;
            }
        }
    }
    let marker = alice.send(&thread, "a marker").await;
    assert_eq!(events.event().await["cursor"], marker.cursor, "the log tells nothing of it");
}

async fn what_was_sent_before_is_found_by_its_key_and_not_sent_again(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let input = json!({ "threadId": thread, "content": "hello", "clientKey": "one" });
    let sent = bob.send_with(input.clone()).await;
    alice.block(&bob).await;
    bob.try_send_with(input).await.refused("messageSend", "FORBIDDEN", &["threadId"]);
    let by_key = "query($id: ID!) { messageByClientKey(threadId: $id, clientKey: \"one\") { id } }";
    assert_eq!(bob.graphql(by_key, json!({ "id": thread })).await.ok("/messageByClientKey/id"), sent.id.as_str());
}

async fn can_send(user: &User, thread: &str) -> Value {
    user.thread(thread).await["viewerState"]["canSend"].clone()
}

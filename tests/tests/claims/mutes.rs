//! Muting: between oneself and one's own devices.

use serde_json::{Value, json};
use tests::id::{MALFORMED, absent, with_prefix};
use tests::{User, World, claims};

claims![
    a_thread_is_muted_until_then_or_for_ever_and_unmuted,
    nobody_else_can_tell,
    ones_other_devices_hear_of_it,
    a_feed_that_comes_back_hears_of_it,
    what_happens_in_it_does_not_unmute_it,
    who_leaves_a_room_and_comes_back_has_it_muted_still,
    only_a_moment_to_come_will_do,
    only_who_takes_part_mutes,
];

const FOR_EVER: &str = "9999-12-31T23:59:59.999999Z";
const LATER: &str = "2100-01-02T03:04:05.678901Z";

async fn a_thread_is_muted_until_then_or_for_ever_and_unmuted(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&alice, &[&guest]).await;
    for (user, thread) in
        [(&alice, world.direct(&alice, &bob).await), (&alice, world.group(&alice, &[&bob]).await), (&guest, room)]
    {
        assert_eq!(muted(user, &thread).await, Value::Null);
        assert_eq!(user.mute(&thread, Some(LATER)).await, LATER);
        assert_eq!(muted(user, &thread).await, LATER);
        assert_eq!(user.mute(&thread, Some("2100-01-02T03:04:05+02:00")).await, "2100-01-02T01:04:05.000000Z");
        assert_eq!(user.mute(&thread, None).await, FOR_EVER);
        assert_eq!(user.mute(&thread, Some("9999-12-31T23:59:59-12:00")).await, FOR_EVER);
        for _ in 0..2 {
            let answer = user.try_unmute(&thread).await;
            assert_eq!(answer.ok("/threadUnmute/thread/viewerState/mutedUntil"), &Value::Null);
            assert_eq!(muted(user, &thread).await, Value::Null);
        }
    }
}

async fn nobody_else_can_tell(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for thread in [world.direct(&alice, &bob).await, world.group(&alice, &[&bob]).await] {
        alice.send(&thread, "hello").await;
        let socket = world.socket(&bob).await;
        let (mut events, mut inbox) = (socket.events(&thread, None).await, socket.inbox(None).await);
        events.until("CaughtUp").await;
        inbox.until("InboxCaughtUp").await;
        let seen = async || (bob.thread(&thread).await, bob.participants(&thread).await);
        let before = seen().await;
        alice.mute(&thread, None).await;
        assert_eq!(seen().await, before);
        let marker = alice.send(&thread, "a marker").await;
        assert_eq!(events.event().await["cursor"], marker.cursor, "the log tells nothing of it");
        let frame = inbox.event().await;
        assert_eq!(frame["thread"]["lastMessage"]["id"], marker.id.as_str(), "nor does bob's inbox: {frame}");
        assert_eq!(frame["thread"]["viewerState"]["mutedUntil"], Value::Null);
    }
}

async fn ones_other_devices_hear_of_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sockets = [world.socket(&alice).await, world.socket(&alice).await];
    let mut inboxes = [sockets[0].inbox(None).await, sockets[1].inbox(None).await];
    for inbox in &mut inboxes {
        inbox.until("InboxCaughtUp").await;
    }
    alice.mute(&thread, Some(LATER)).await;
    for inbox in &mut inboxes {
        assert_eq!(inbox.event().await["thread"]["viewerState"]["mutedUntil"], LATER);
    }
    alice.try_unmute(&thread).await.ok("/threadUnmute/thread/id");
    for inbox in &mut inboxes {
        let frame = inbox.event().await;
        assert_eq!(
            (&frame["thread"]["id"], &frame["thread"]["viewerState"]["mutedUntil"]),
            (&json!(thread), &Value::Null)
        );
    }
}

async fn a_feed_that_comes_back_hears_of_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&alice).await;
    let mut inbox = socket.inbox(None).await;
    let here = inbox.event().await["cursor"].as_str().unwrap().to_owned();
    alice.mute(&thread, Some(LATER)).await;
    let frames = socket.inbox(Some(&here)).await.until("InboxCaughtUp").await;
    let told =
        |frame: &Value| frame["thread"]["id"] == *thread && frame["thread"]["viewerState"]["mutedUntil"] == LATER;
    assert!(frames.iter().any(told), "{frames:?}");
}

async fn what_happens_in_it_does_not_unmute_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    // Sends and mutes at once: what the one writes of alice's row must not undo the other.
    for number in 0..20 {
        let until = format!("2100-01-01T00:00:{number:02}.000000Z");
        futures_util::future::join3(
            alice.send(&group, "mine"),
            alice.mute(&group, Some(&until)),
            bob.send(&group, "his"),
        )
        .await;
        assert_eq!(muted(&alice, &group).await, until);
    }
    let sent = bob.send(&group, "more").await;
    alice.mark_read(&group, &sent.cursor).await;
    alice.set_role(&group, &bob, "ADMIN").await;
    bob.set_role(&group, &alice, "MEMBER").await;
    assert_eq!(muted(&alice, &group).await, "2100-01-01T00:00:19.000000Z");
}

async fn who_leaves_a_room_and_comes_back_has_it_muted_still(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    bob.mute(&room, Some(LATER)).await;
    bob.leave(&room).await;
    bob.try_mute(&room, None).await.refused("threadMute", "FORBIDDEN", &["id"]);
    bob.try_unmute(&room).await.refused("threadUnmute", "FORBIDDEN", &["id"]);
    bob.join(&room).await;
    assert_eq!(muted(&bob, &room).await, LATER);
}

async fn only_a_moment_to_come_will_do(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for until in ["2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
        alice.try_mute(&thread, Some(until)).await.refused("threadMute", "INVALID", &["until"]);
    }
    let sent = alice.send(&thread, "now").await;
    let now = alice.message(&sent.id, "createdAt").await["createdAt"].as_str().unwrap().to_owned();
    alice.try_mute(&thread, Some(&now)).await.refused("threadMute", "INVALID", &["until"]);
    for until in ["tomorrow", "2100-01-01", ""] {
        let answer = alice.try_mute(&thread, Some(until)).await;
        assert!(answer.json["errors"][0]["message"].is_string(), "{until} is a moment: {}", answer.json);
    }
    assert_eq!(muted(&alice, &thread).await, Value::Null);
}

async fn only_who_takes_part_mutes(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let thread = world.direct(&alice, &bob).await;
    let room = world.room(&alice).await;
    for id in [&thread, &absent(&thread)] {
        mallory.try_mute(id, None).await.refused("threadMute", "NOT_FOUND", &["id"]);
        mallory.try_unmute(id).await.refused("threadUnmute", "NOT_FOUND", &["id"]);
    }
    mallory.try_mute(&room, None).await.refused("threadMute", "FORBIDDEN", &["id"]);
    for id in MALFORMED.iter().map(ToString::to_string).chain([with_prefix("usr", &thread)]) {
        alice.try_mute(&id, None).await.refused("threadMute", "INVALID", &["id"]);
        alice.try_unmute(&id).await.refused("threadUnmute", "INVALID", &["id"]);
    }
    for mutation in ["threadMute", "threadUnmute"] {
        world.anonymous.mutate(mutation, json!({ "id": thread }), "thread { id }").await.failed("UNAUTHENTICATED");
    }
}

async fn muted(user: &User, thread: &str) -> Value {
    user.thread(thread).await["viewerState"]["mutedUntil"].clone()
}

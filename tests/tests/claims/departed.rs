//! Status and its times once those who were there have gone.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Sent, User, World, claims};

claims![
    what_nobody_read_is_not_read_by_a_later_joiner,
    what_was_read_stays_read_when_its_readers_have_gone,
    times_do_not_move_back_as_readers_go_one_by_one,
];

async fn what_nobody_read_is_not_read_by_a_later_joiner(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let read = alice.send(&group, "read").await;
    let unread = alice.send(&group, "unread").await;
    for user in [&bob, &carol] {
        minute(&world).await;
        user.mark_read(&group, &read.cursor).await;
    }
    let before = [state(&alice, &read).await, state(&alice, &unread).await];
    assert_eq!((&before[0]["status"], &before[1]), (&json!("READ"), &sent_only()));
    for user in [&bob, &carol] {
        minute(&world).await;
        user.leave(&group).await;
    }
    assert_eq!([state(&alice, &read).await, state(&alice, &unread).await], before, "they have gone");
    minute(&world).await;
    alice.add(&group, &dave).await;
    assert_eq!([state(&alice, &read).await, state(&alice, &unread).await], before, "dave has come");
    let newer = alice.send(&group, "newer").await;
    for up_to in [&unread, &newer] {
        dave.mark_delivered(&group, &up_to.cursor).await;
        dave.mark_read(&group, &up_to.cursor).await;
        assert_eq!([state(&alice, &read).await, state(&alice, &unread).await], before, "dave was not there");
        minute(&world).await;
    }
    assert_eq!(state(&alice, &newer).await["status"], "READ");
    dave.leave(&group).await;
    assert_eq!([state(&alice, &read).await, state(&alice, &unread).await], before, "dave has gone, too");
    assert_eq!(state(&alice, &newer).await["status"], "READ");
}

async fn what_was_read_stays_read_when_its_readers_have_gone(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send_many(&group, 3).await;
    minute(&world).await;
    bob.mark_delivered(&group, &sent[1].cursor).await;
    minute(&world).await;
    bob.mark_read(&group, &sent[0].cursor).await;
    let states = async || [state(&alice, &sent[0]).await, state(&alice, &sent[1]).await, state(&alice, &sent[2]).await];
    let before = states().await;
    let statuses = before.each_ref().map(|state| state["status"].as_str().unwrap());
    assert_eq!(statuses, ["READ", "DELIVERED", "SENT"]);
    minute(&world).await;
    alice.remove(&group, &bob).await;
    assert_eq!(states().await, before);
    alice.add(&group, &carol).await;
    minute(&world).await;
    carol.mark_read(&group, &alice.send(&group, "the last").await.cursor).await;
    assert_eq!(states().await, before);
    // He comes back and reads it all now: that he has read it since may count, or not; nothing goes back.
    minute(&world).await;
    alice.add(&group, &bob).await;
    assert_eq!(states().await, before);
    carol.leave(&group).await;
    bob.leave(&group).await;
    assert_eq!(states().await, before);
}

async fn times_do_not_move_back_as_readers_go_one_by_one(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let sent = alice.send(&group, "read by both").await;
    for user in [&bob, &carol] {
        minute(&world).await;
        user.mark_read(&group, &sent.cursor).await;
    }
    let before = state(&alice, &sent).await;
    assert_eq!(before["status"], "READ");
    // The last to have read it goes first.
    for user in [&carol, &bob] {
        minute(&world).await;
        user.leave(&group).await;
        let after = state(&alice, &sent).await;
        assert_eq!(after["status"], "READ");
        for time in ["delivered", "read"] {
            let of = |state: &Value| state["statusTimestamps"][time].as_str().expect("a time").to_owned();
            assert!(of(&after) >= of(&before), "{time} moved back: {before}, then {after}");
        }
    }
}

/// A message's status and its times.
async fn state(user: &User, sent: &Sent) -> Value {
    user.message(&sent.id, "status statusTimestamps { delivered read }").await
}

fn sent_only() -> Value {
    json!({ "status": "SENT", "statusTimestamps": { "delivered": null, "read": null } })
}

async fn minute(world: &World) {
    world.server.advance_clock(Duration::from_secs(60)).await;
}

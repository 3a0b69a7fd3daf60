//! Presence in a room whose members change: who is no longer one is not there, and is told of nobody.

use tests::{Frame, Subscription, User, World, claims};

use crate::removal::until_refused;

claims![
    who_is_removed_from_a_room_is_offline_and_hears_no_more,
    who_leaves_a_room_is_offline_and_hears_no_more,
    who_joins_while_watching_is_there_and_hears_from_then_on,
];

async fn who_is_removed_from_a_room_is_offline_and_hears_no_more(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut heard = of_alice.signals(&room).await;
    presence(&mut heard, &alice, true).await;
    for _ in 0..3 {
        let mut signals = of_bob.signals(&room).await;
        presence(&mut signals, &bob, true).await;
        presence(&mut heard, &bob, true).await;
        alice.remove(&room, &bob).await;
        presence(&mut heard, &bob, false).await;
        until_refused(&mut signals).await;
        alice.add(&room, &bob).await;
    }
}

async fn who_leaves_a_room_is_offline_and_hears_no_more(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob, &carol]).await;
    let (of_alice, of_bob, of_carol) =
        (world.socket(&alice).await, world.socket(&bob).await, world.socket(&carol).await);
    let mut heard = of_alice.signals(&room).await;
    presence(&mut heard, &alice, true).await;
    let mut signals = of_bob.signals(&room).await;
    let mut events = of_bob.events(&room, None).await;
    events.until("CaughtUp").await;
    presence(&mut signals, &alice, true).await;
    presence(&mut heard, &bob, true).await;
    for _ in 0..3 {
        bob.leave(&room).await;
        presence(&mut heard, &bob, false).await;
        // What he was told before is read; what is told from here on is not for him.
        while signals.try_next().is_some() {}
        let own = of_carol.signals(&room).await;
        presence(&mut heard, &carol, true).await;
        carol.try_type(&room).await.ok("/typingSignal");
        typing(&mut heard, &carol).await;
        of_carol.complete(&own);
        presence(&mut heard, &carol, false).await;
        let marker = alice.send(&room, "a marker").await;
        events.until_cursor(&marker.cursor).await;
        while let Some(frame) = signals.try_next() {
            assert!(!is_of(&frame, &carol), "he is no member, and hears {frame:?}");
        }
        alice.add(&room, &bob).await;
        presence(&mut heard, &bob, true).await;
        carol.try_type(&room).await.ok("/typingSignal");
        typing(&mut signals, &carol).await;
        typing(&mut heard, &carol).await;
    }
}

async fn who_joins_while_watching_is_there_and_hears_from_then_on(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&alice, &[&bob]).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut heard = of_alice.signals(&room).await;
    presence(&mut heard, &alice, true).await;
    for newcomer in [&carol, &guest] {
        let socket = world.socket(newcomer).await;
        let mut signals = socket.signals(&room).await;
        let mut events = socket.events(&room, None).await;
        events.until("CaughtUp").await;
        bob.try_type(&room).await.ok("/typingSignal");
        loop {
            let signal = heard.value().await;
            assert_ne!(signal["user"]["id"], newcomer.id.as_str(), "who only looks on is not there: {signal}");
            if signal["__typename"] == "Typing" {
                break;
            }
        }
        newcomer.join(&room).await;
        presence(&mut heard, newcomer, true).await;
        bob.try_type(&room).await.ok("/typingSignal");
        typing(&mut signals, &bob).await;
        let own = of_bob.signals(&room).await;
        presence(&mut signals, &bob, true).await;
        of_bob.complete(&own);
        presence(&mut signals, &bob, false).await;
        socket.complete(&signals);
        presence(&mut heard, newcomer, false).await;
    }
}

/// Whether a frame tells of this user.
fn is_of(frame: &Frame, user: &User) -> bool {
    matches!(frame, Frame::Next(payload) if payload["data"]["threadSignals"]["user"]["id"] == *user.id)
}

/// Waits for the word that this user is there, or is gone.
async fn presence(signals: &mut Subscription, user: &User, online: bool) {
    loop {
        let signal = signals.value().await;
        if signal["user"]["id"] == user.id.as_str() && signal["online"] == online {
            return;
        }
    }
}

/// Waits for this user's typing.
async fn typing(signals: &mut Subscription, user: &User) {
    loop {
        let signal = signals.value().await;
        if signal["__typename"] == "Typing" && signal["user"]["id"] == user.id.as_str() {
            return;
        }
    }
}

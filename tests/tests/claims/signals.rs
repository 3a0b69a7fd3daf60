//! Signals: who is typing and who is there, told to those who may read, and stored nowhere.

use serde_json::{Value, json};
use tests::{Subscription, User, World, claims};

claims![
    typing_reaches_the_others,
    typing_leaves_no_trace,
    strangers_hear_nothing_and_are_not_heard,
    whoever_listens_is_seen_to_be_there,
    two_streams_of_one_user_are_one_presence,
    a_connection_that_is_cut_is_offline,
    a_newcomer_learns_who_is_there,
    signals_of_one_thread_stay_in_it,
];

async fn typing_reaches_the_others(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let (of_alice, of_carol) = (world.socket(&alice).await, world.socket(&carol).await);
    let mut signals = [of_alice.signals(&group).await, of_carol.signals(&group).await];
    is_there(&mut signals[0], &alice).await;
    is_there(&mut signals[1], &carol).await;
    for _ in 0..3 {
        bob.try_type(&group).await.ok("/typingSignal");
        for signals in &mut signals {
            let signal = next(signals, "Typing").await;
            assert_eq!(signal["user"]["id"], bob.id);
            assert!(signal["at"].is_string());
        }
    }
}

async fn typing_leaves_no_trace(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "hello").await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&thread, None).await;
    let mut signals = socket.signals(&thread).await;
    events.until("CaughtUp").await;
    is_there(&mut signals, &alice).await;
    let before = alice.thread(&thread).await;
    bob.try_type(&thread).await.ok("/typingSignal");
    next(&mut signals, "Typing").await;
    assert_eq!(alice.thread(&thread).await, before);
    assert_eq!(alice.event_cursor(&thread).await, sent.cursor);
    let marker = alice.send(&thread, "a marker").await;
    assert_eq!(events.event().await["cursor"], marker.cursor);
}

async fn strangers_hear_nothing_and_are_not_heard(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let thread = world.direct(&alice, &bob).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let socket = world.socket(&mallory).await;
    socket.signals(&thread).await.failed("NOT_FOUND").await;
    let passer_by = tests::Socket::connect(&world.server, None).await;
    passer_by.signals(&thread).await.failed("NOT_FOUND").await;
    let of_alice = world.socket(&alice).await;
    let mut heard = of_alice.signals(&thread).await;
    let mut heard_in_room = of_alice.signals(&room).await;
    is_there(&mut heard, &alice).await;
    is_there(&mut heard_in_room, &alice).await;
    mallory.try_type(&thread).await.refused("typingSignal", "NOT_FOUND", &["threadId"]);
    mallory.try_type(&room).await.refused("typingSignal", "FORBIDDEN", &["threadId"]);
    world.anonymous.mutate("typingSignal", json!({ "threadId": room }), "").await.failed("UNAUTHENTICATED");
    for (thread, heard) in [(&thread, &mut heard), (&room, &mut heard_in_room)] {
        bob.try_type(thread).await.ok("/typingSignal");
        let signal = next(heard, "Typing").await;
        assert_eq!(signal["user"]["id"], bob.id, "nobody else was heard before");
    }
}

async fn whoever_listens_is_seen_to_be_there(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut signals = of_alice.signals(&thread).await;
    is_there(&mut signals, &alice).await;
    for _ in 0..3 {
        let own = of_bob.signals(&thread).await;
        let signal = presence_of(&mut signals, &bob).await;
        assert_eq!(signal["online"], true);
        of_bob.complete(&own);
        let signal = offline(&mut signals, &bob).await;
        assert!(signal["at"].is_string());
    }
}

async fn two_streams_of_one_user_are_one_presence(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let of_alice = world.socket(&alice).await;
    let mut signals = of_alice.signals(&thread).await;
    is_there(&mut signals, &alice).await;
    let sockets = [world.socket(&bob).await, world.socket(&bob).await];
    let mut streams = [sockets[0].signals(&thread).await, sockets[1].signals(&thread).await];
    for stream in &mut streams {
        is_there(stream, &bob).await;
    }
    presence_of(&mut signals, &bob).await;
    sockets[0].complete(&streams[0]);
    // The answer to what is asked on the same socket afterwards says that the first stream is gone by then.
    let mut after = sockets[0].events(&thread, None).await;
    after.until("CaughtUp").await;
    for _ in 0..3 {
        bob.try_type(&thread).await.ok("/typingSignal");
        let mut typed = false;
        while !typed {
            let signal = signals.value().await;
            assert!(signal["online"] != false, "one stream of two has ended: {signal}");
            typed = signal["__typename"] == "Typing";
        }
    }
    sockets[1].complete(&streams[1]);
    offline(&mut signals, &bob).await;
}

async fn a_connection_that_is_cut_is_offline(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let of_alice = world.socket(&alice).await;
    let mut signals = of_alice.signals(&thread).await;
    is_there(&mut signals, &alice).await;
    let socket = world.socket(&bob).await;
    let mut own = socket.signals(&thread).await;
    is_there(&mut own, &bob).await;
    presence_of(&mut signals, &bob).await;
    socket.cut().await;
    offline(&mut signals, &bob).await;
}

async fn a_newcomer_learns_who_is_there(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut first = of_alice.signals(&group).await;
    is_there(&mut first, &alice).await;
    let mut second = of_bob.signals(&group).await;
    is_there(&mut second, &bob).await;
    let of_carol = world.socket(&carol).await;
    let mut newcomer = of_carol.signals(&group).await;
    let mut there = std::collections::HashSet::new();
    while there.len() < 3 {
        let signal = newcomer.value().await;
        assert_eq!((&signal["__typename"], &signal["online"]), (&json!("Presence"), &json!(true)));
        there.insert(signal["user"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(there, [alice.id, bob.id, carol.id].into());
}

async fn signals_of_one_thread_stay_in_it(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let here = world.direct(&alice, &bob).await;
    let there = world.group(&alice, &[&bob, &carol]).await;
    let socket = world.socket(&alice).await;
    let mut signals = socket.signals(&here).await;
    is_there(&mut signals, &alice).await;
    let of_carol = world.socket(&carol).await;
    let mut elsewhere = of_carol.signals(&there).await;
    is_there(&mut elsewhere, &carol).await;
    carol.try_type(&there).await.ok("/typingSignal");
    assert_eq!(next(&mut elsewhere, "Typing").await["user"]["id"], carol.id);
    bob.try_type(&here).await.ok("/typingSignal");
    assert_eq!(next(&mut signals, "Typing").await["user"]["id"], bob.id, "carol's typing stays where she typed");
}

/// The next signal of this kind; others before it are passed over.
async fn next(signals: &mut Subscription, kind: &str) -> Value {
    loop {
        let signal = signals.value().await;
        if signal["__typename"] == kind {
            return signal;
        }
    }
}

/// The next word on whether this user is there.
async fn presence_of(signals: &mut Subscription, user: &User) -> Value {
    loop {
        let signal = next(signals, "Presence").await;
        if signal["user"]["id"] == user.id {
            return signal;
        }
    }
}

/// Waits until this user is said to be there: of one's own stream, that it has begun.
async fn is_there(signals: &mut Subscription, user: &User) {
    let signal = presence_of(signals, user).await;
    assert_eq!(signal["online"], true, "{signal}");
}

/// Waits until this user is said to be gone; that they are there may be said again before.
async fn offline(signals: &mut Subscription, user: &User) -> Value {
    loop {
        let signal = presence_of(signals, user).await;
        if signal["online"] == false {
            return signal;
        }
    }
}

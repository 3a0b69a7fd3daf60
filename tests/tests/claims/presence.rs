//! Presence in a room whose members change: who is no longer one is not there, and is told of nobody.

use serde_json::json;
use tests::{Engine, Frame, Nats, Nodes, Subscription, User, World, claims};

use crate::removal::until_refused;

claims![
    who_is_removed_from_a_room_is_offline_and_hears_no_more,
    who_leaves_a_room_is_offline_and_hears_no_more,
    who_joins_while_watching_is_there_and_hears_from_then_on,
    who_connects_anew_or_changes_devices_has_not_been_gone,
    a_second_device_is_told_who_is_there,
    whom_one_blocks_is_gone_at_once,
];

mod of_nodes {
    use super::{
        a_node_that_is_killed_leaves_nobody_online, who_changes_nodes_has_not_been_gone,
        who_goes_while_nats_is_away_is_gone,
    };

    tests::postgres_claims![
        who_changes_nodes_has_not_been_gone,
        a_node_that_is_killed_leaves_nobody_online,
        who_goes_while_nats_is_away_is_gone,
    ];
}

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

/// Reads on until one of them is told to be gone, who left after the other came back; that other one never is.
async fn only_the_last_is_gone(heard: &mut Subscription, gone: &User, back: &User) {
    loop {
        let signal = heard.value().await;
        if signal["online"] == false {
            assert_ne!(signal["user"]["id"], back.id.as_str(), "they have not been gone: {signal}");
            assert_eq!(signal["user"]["id"], gone.id.as_str());
            assert_eq!(signal["lastSeenAt"], signal["at"]);
            return;
        }
    }
}

async fn who_connects_anew_or_changes_devices_has_not_been_gone(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let of_alice = world.socket(&alice).await;
    let mut heard = of_alice.signals(&group).await;
    presence(&mut heard, &alice, true).await;
    let mut on_device = world.socket(&bob).await;
    let mut own = on_device.signals(&group).await;
    presence(&mut own, &bob, true).await;
    presence(&mut heard, &bob, true).await;
    for _ in 0..3 {
        let of_carol = world.socket(&carol).await;
        let mut signals = of_carol.signals(&group).await;
        presence(&mut signals, &carol, true).await;
        presence(&mut heard, &carol, true).await;
        // The connection is lost before there is another one.
        on_device.cut().await;
        on_device = world.socket(&bob).await;
        let mut anew = on_device.signals(&group).await;
        presence(&mut anew, &bob, true).await;
        own = anew;
        of_carol.complete(&signals);
        only_the_last_is_gone(&mut heard, &carol, &bob).await;
    }
    drop(own);
    on_device.cut().await;
    presence(&mut heard, &bob, false).await;
}

async fn a_second_device_is_told_who_is_there(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut first = of_alice.signals(&thread).await;
    presence(&mut first, &alice, true).await;
    let mut own = of_bob.signals(&thread).await;
    presence(&mut own, &alice, true).await;
    presence(&mut first, &bob, true).await;
    let second = world.socket(&alice).await;
    let mut signals = second.signals(&thread).await;
    let mut there = Vec::new();
    while there.len() < 2 {
        let signal = signals.value().await;
        assert_eq!((&signal["__typename"], &signal["online"]), (&json!("Presence"), &json!(true)));
        there.push(signal["user"]["id"].clone());
    }
    assert!(there.contains(&json!(alice.id)) && there.contains(&json!(bob.id)), "{there:?}");
    // Nobody hears twice that somebody is there.
    bob.try_type(&thread).await.ok("/typingSignal");
    assert_eq!(first.value().await["__typename"], "Typing");
}

async fn whom_one_blocks_is_gone_at_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut first = of_alice.signals(&thread).await;
    let mut second = of_bob.signals(&thread).await;
    presence(&mut first, &bob, true).await;
    presence(&mut second, &alice, true).await;
    alice.block(&bob).await;
    // Whoever comes now is told of nobody, on whatever device.
    let another = world.socket(&bob).await;
    let mut signals = another.signals(&thread).await;
    let mut events = another.events(&thread, None).await;
    events.until("CaughtUp").await;
    assert_eq!(signals.try_next(), None);
    alice.unblock(&bob).await;
    presence(&mut signals, &alice, true).await;
}

async fn who_changes_nodes_has_not_been_gone(nodes: Nodes) {
    let [alice, bob, carol] = nodes.a.users(["alice", "bob", "carol"]).await;
    let group = nodes.a.group(&alice, &[&bob, &carol]).await;
    let of_alice = nodes.a.socket(&alice).await;
    let mut heard = of_alice.signals(&group).await;
    presence(&mut heard, &alice, true).await;
    let mut device = nodes.a.socket(&bob).await;
    let mut own = device.signals(&group).await;
    presence(&mut own, &bob, true).await;
    presence(&mut heard, &bob, true).await;
    for here in [&nodes.b, &nodes.a] {
        let of_carol = nodes.b.socket(&carol).await;
        let mut signals = of_carol.signals(&group).await;
        presence(&mut signals, &carol, true).await;
        presence(&mut heard, &carol, true).await;
        device.cut().await;
        device = here.socket(&bob).await;
        let mut anew = device.signals(&group).await;
        presence(&mut anew, &bob, true).await;
        own = anew;
        of_carol.complete(&signals);
        only_the_last_is_gone(&mut heard, &carol, &bob).await;
    }
    drop(own);
    device.cut().await;
    presence(&mut heard, &bob, false).await;
}

async fn a_node_that_is_killed_leaves_nobody_online(nodes: Nodes) {
    let [alice, bob, carol] = nodes.a.users(["alice", "bob", "carol"]).await;
    let group = nodes.a.group(&alice, &[&bob, &carol]).await;
    let of_alice = nodes.a.socket(&alice).await;
    let mut heard = of_alice.signals(&group).await;
    presence(&mut heard, &alice, true).await;
    // One is there on both nodes, and one on the other only.
    let (here, there) = (nodes.a.socket(&bob).await, nodes.b.socket(&bob).await);
    let on_both = [here.signals(&group).await, there.signals(&group).await];
    let of_carol = nodes.b.socket(&carol).await;
    let mut signals = of_carol.signals(&group).await;
    presence(&mut signals, &carol, true).await;
    presence(&mut heard, &bob, true).await;
    presence(&mut heard, &carol, true).await;
    nodes.b.server.kill9();
    loop {
        let signal = heard.value().await;
        if signal["online"] == false {
            assert_eq!(signal["user"]["id"], carol.id.as_str(), "who is on another node, too, is there: {signal}");
            break;
        }
    }
    drop(on_both);
}

async fn who_goes_while_nats_is_away_is_gone(_: Engine) {
    let nodes = Nodes::start_with(Nats::start().await, &[]).await;
    let [alice, bob, carol] = nodes.a.users(["alice", "bob", "carol"]).await;
    let group = nodes.a.group(&alice, &[&bob, &carol]).await;
    let (of_alice, of_bob, of_carol) =
        (nodes.a.socket(&alice).await, nodes.b.socket(&bob).await, nodes.b.socket(&carol).await);
    let mut heard = of_alice.signals(&group).await;
    presence(&mut heard, &alice, true).await;
    let mut beside_bob = of_carol.signals(&group).await;
    let on_b = of_bob.signals(&group).await;
    for signals in [&mut heard, &mut beside_bob] {
        presence(signals, &bob, true).await;
    }
    nodes.nats.kill();
    of_bob.complete(&on_b);
    presence(&mut beside_bob, &bob, false).await;
    nodes.nats.restart().await;
    // Who is still there is not said to be gone.
    let gone = loop {
        let signal = heard.value().await;
        if signal["online"] == false {
            break signal["user"]["id"].clone();
        }
    };
    assert_eq!(gone, bob.id.as_str());
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

//! Who looks on at a room without being in it: they see what is said there, and nothing of who is there.

use serde_json::{Value, json};
use tests::{Client, Socket, Subscription, World, claims};

claims![onlookers_see_that_members_change_and_not_who, members_see_who_comes_and_goes, onlookers_hear_no_signals];

async fn onlookers_see_that_members_change_and_not_who(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room(&alice).await;
    let start = alice.event_cursor(&room).await;
    let onlookers: [(&Client, Socket); 3] = [
        (&world.anonymous, Socket::connect(&world.server, None).await),
        (&carol, world.socket(&carol).await),
        (&guest, world.socket(&guest).await),
    ];
    let mut live = Vec::new();
    for (_, socket) in &onlookers {
        let mut events = socket.events(&room, None).await;
        events.until("CaughtUp").await;
        live.push(events);
    }
    let joined = bob.join(&room).await;
    let promoted = alice.set_role(&room, &bob, "ADMIN").await;
    bob.leave(&room).await;
    let left = alice.event_cursor(&room).await;
    let said = alice.send(&room, "still public").await;
    let expected = [(&joined, "JOINED"), (&promoted, "ROLE_CHANGED"), (&left, "LEFT")];
    for ((client, socket), live) in onlookers.iter().zip(&mut live) {
        let mut resumed = socket.events(&room, Some(&start)).await;
        let seen = [
            live.until_cursor(&said.cursor).await,
            resumed.until_cursor(&said.cursor).await,
            client.all_events(&room, Some(&start)).await,
        ];
        for frames in seen {
            let (last, changes) = frames.split_last().unwrap();
            assert_eq!((&last["__typename"], &last["cursor"]), (&json!("MessagePosted"), &json!(said.cursor)));
            let changes: Vec<_> = changes.iter().map(|frame| (frame["cursor"].as_str().unwrap(), frame)).collect();
            assert_eq!(changes.len(), expected.len(), "{frames:?}");
            for ((cursor, frame), (at, change)) in changes.into_iter().zip(expected) {
                let nobody = json!({ "__typename": "ParticipantChanged", "cursor": at, "change": change, "user": null,
                    "participant": null });
                assert_eq!((cursor, frame), (at.as_str(), &nobody));
            }
            assert!(!json!(frames).to_string().contains(&bob.id), "bob is named: {frames:?}");
        }
    }
}

async fn members_see_who_comes_and_goes(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&carol]).await;
    let start = alice.event_cursor(&room).await;
    let socket = world.socket(&carol).await;
    let mut live = socket.events(&room, None).await;
    live.until("CaughtUp").await;
    let joined = bob.join(&room).await;
    let frame = live.event().await;
    assert_eq!((&frame["cursor"], &frame["change"]), (&json!(joined), &json!("JOINED")));
    assert_eq!((&frame["user"]["id"], &frame["participant"]["user"]["id"]), (&json!(bob.id), &json!(bob.id)));
    assert_eq!(frame["participant"]["role"], "MEMBER");
    bob.leave(&room).await;
    let frame = live.event().await;
    assert_eq!((&frame["change"], &frame["user"]["id"]), (&json!("LEFT"), &json!(bob.id)));
    assert_eq!(frame["participant"], Value::Null, "he is not in it when this is sent");
    let frames = carol.all_events(&room, Some(&start)).await;
    for (frame, change) in frames.iter().zip(["JOINED", "LEFT"]) {
        assert_eq!((&frame["change"], &frame["user"]["id"]), (&json!(change), &json!(bob.id)));
    }
    // Who has left is an onlooker: the same stream names nobody any more.
    let mut of_bob = world.socket(&bob).await.events(&room, None).await;
    of_bob.until("CaughtUp").await;
    bob.join(&room).await;
    assert_eq!(of_bob.event().await["user"]["id"], bob.id.as_str(), "now he is one of them");
    carol.leave(&room).await;
    assert_eq!(of_bob.event().await["user"]["id"], carol.id.as_str());
    live.until_cursor(&alice.event_cursor(&room).await).await;
    bob.leave(&room).await;
    assert_eq!(live.event().await["user"], Value::Null, "carol is no longer one of them");
}

async fn onlookers_hear_no_signals(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&alice, &[&bob]).await;
    let of_alice = world.socket(&alice).await;
    let mut heard = of_alice.signals(&room).await;
    presence_of(&mut heard, &alice.id, true).await;
    let sockets = [Socket::connect(&world.server, None).await, world.socket(&carol).await, world.socket(&guest).await];
    let mut streams = Vec::new();
    for socket in &sockets {
        let signals = socket.signals(&room).await;
        let mut events = socket.events(&room, None).await;
        events.until("CaughtUp").await;
        streams.push((signals, events));
    }
    for _ in 0..5 {
        let of_bob = world.socket(&bob).await;
        let own = of_bob.signals(&room).await;
        presence_of(&mut heard, &bob.id, true).await;
        bob.try_type(&room).await.ok("/typingSignal");
        assert_eq!(typing(&mut heard).await, bob.id);
        of_bob.complete(&own);
        presence_of(&mut heard, &bob.id, false).await;
        // By the time this is shown to them, whatever they could have heard has come.
        let marker = alice.send(&room, "a marker").await;
        for (signals, events) in &mut streams {
            events.until_cursor(&marker.cursor).await;
            assert_eq!(signals.try_next(), None, "an onlooker hears nothing");
        }
    }
}

/// Waits for the word that somebody is there, or is gone. Nobody is told of but members.
async fn presence_of(signals: &mut Subscription, user: &str, online: bool) {
    loop {
        let signal = signals.value().await;
        if signal["__typename"] == "Presence" && signal["user"]["id"] == user && signal["online"] == online {
            return;
        }
    }
}

/// Who types next.
async fn typing(signals: &mut Subscription) -> String {
    loop {
        let signal = signals.value().await;
        if signal["__typename"] == "Typing" {
            return signal["user"]["id"].as_str().unwrap().to_owned();
        }
    }
}

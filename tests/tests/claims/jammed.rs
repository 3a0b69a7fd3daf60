//! A socket whose client reads nothing while much is to be said: it ends with its session all the same.

use std::time::Duration;

use serde_json::json;
use tests::socket::{Control, Opening};
use tests::{Socket, Subscription, User, World, claims};
use tokio::time::timeout;

use crate::streams::send_at_once;

claims![a_jammed_socket_ends_with_its_session, a_jammed_socket_that_asks_on_ends_with_its_session];

/// How soon nothing of it may be left.
const SOON: Duration = Duration::from_secs(15);

async fn a_jammed_socket_ends_with_its_session(world: World) {
    ends_with_its_session(&world, false).await;
}

async fn a_jammed_socket_that_asks_on_ends_with_its_session(world: World) {
    ends_with_its_session(&world, true).await;
}

async fn ends_with_its_session(world: &World, asks_on: bool) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let elsewhere = world.anonymous.sign_in("bob").await;
    let group = world.group(&alice, &[&bob]).await;
    let of_alice = world.socket(&alice).await;
    let mut heard = of_alice.signals(&group).await;
    let opening = Opening { receive_buffer: Some(16 * 1024), ..Opening::default() };
    let jammed = Socket::open_as(&world.server, &opening).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    jammed.init(Some(&bob.token)).await;
    let mut streams = Vec::new();
    for _ in 0..6 {
        let mut events = jammed.events(&group, None).await;
        events.until("CaughtUp").await;
        streams.push(events);
        streams.push(jammed.messages(&group, None).await);
    }
    let own = jammed.signals(&group).await;
    presence(&mut heard, &bob, true).await;
    jammed.pause();
    // On twelve streams: more than the kernel takes between a server and a client, and more than a queue holds.
    let sent = send_at_once(&[&alice], &group, 40, &"🐘".repeat(4000)).await;
    if asks_on {
        for _ in 0..50 {
            jammed.say(json!({ "type": "ping" }));
        }
    }
    elsewhere.revoke_session(Some(&bob.session)).await.ok("/sessionRevoke/revokedId");
    let gone = timeout(SOON, presence(&mut heard, &bob, false)).await;
    assert!(gone.is_ok(), "bob's session has ended, and he is still there");
    jammed.resume();
    let end = timeout(SOON, async {
        loop {
            match jammed.control().await {
                Control::Message(_) => {}
                end => return end,
            }
        }
    });
    match end.await.expect("the socket ends") {
        // Whoever asks and does not read is told to try later, if that is noticed first.
        Control::Closed(code, _) => assert!(code == 4403 || asks_on && code == 1013, "closed with {code}"),
        Control::Lost(_) => {}
        Control::Message(_) => unreachable!("passed over"),
    }
    let mut shown = 0;
    for stream in &mut streams {
        while let Some(frame) = stream.try_next() {
            shown += usize::from(matches!(frame, tests::Frame::Next(_)));
        }
    }
    assert!(shown < sent.len() * streams.len(), "it was to be jammed, and all {shown} frames were shown");
    drop(own);
    // The other session goes on.
    let socket = world.socket(&elsewhere).await;
    let mut events = socket.events(&group, Some(&sent[38].cursor)).await;
    assert_eq!(events.until("CaughtUp").await.len(), 1);
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

//! A room whose members come and go all the time: those who stay are not disturbed.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use tests::{User, World, claims};

claims![comings_and_goings_do_not_keep_a_member_from_sending];

const MESSAGES: usize = 100;

async fn comings_and_goings_do_not_keep_a_member_from_sending(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let guests = [world.guest("first").await, world.guest("second").await];
    let room = world.room_of(&alice, &[&bob]).await;
    let start = alice.event_cursor(&room).await;
    let finished = AtomicBool::new(false);
    let sending = async {
        let mut sent = Vec::new();
        for number in 0..MESSAGES {
            let answer = bob.try_send(&room, &number.to_string()).await;
            assert_eq!(answer.user_errors("messageSend"), [], "message {number}");
            sent.push(answer.text("/messageSend/cursor"));
        }
        finished.store(true, Ordering::Relaxed);
        sent
    };
    let moving = join_all(guests.iter().map(|guest| come_and_go(guest, &room, &finished)));
    let (sent, rounds) = join(sending, moving).await;
    assert!(rounds.iter().all(|rounds| *rounds >= 3), "it was quiet meanwhile: {rounds:?}");
    // All of it is in the log: each message once, each coming and going.
    let frames = alice.all_events(&room, Some(&start)).await;
    let of_kind = |kind: &str| {
        let frames = frames.iter().filter(|frame| frame["__typename"] == kind);
        frames.map(|frame| frame["cursor"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of_kind("MessagePosted"), sent);
    assert_eq!(of_kind("ParticipantChanged").len(), 2 * rounds.iter().sum::<usize>());
    assert_eq!(alice.participants(&room).await.len(), 2);
}

/// Joins and leaves until the other has finished, and gives how often.
async fn come_and_go(guest: &User, room: &str, finished: &AtomicBool) -> usize {
    let mut rounds = 0;
    while !finished.load(Ordering::Relaxed) {
        guest.join(room).await;
        guest.leave(room).await;
        rounds += 1;
    }
    rounds
}

//! Killed at any moment, a message is in one place.

use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use tests::job::all_done;
use tests::{Chance, World, claims};
use tokio::time::sleep;

use super::{Talk, move_all, places};

claims![
    heavy_killed_at_any_moment_a_message_is_in_one_place,
    heavy_killed_at_any_moment_what_comes_back_is_in_one_place,
];

const KILLS: usize = 25;

/// A talk that is long enough to be killed over.
async fn long_talk(world: &World) -> Talk {
    let mut talk = Talk::begin(world).await;
    for _ in 0..6 {
        let sent = join_all((0..120).map(|number| {
            let (user, group) = (&talk.users[number % 3], &talk.group);
            async move { user.send(group, &format!("on and on: {number}")).await }
        }));
        let sent = sent.await;
        talk.sent.extend(sent);
    }
    talk.sent.sort_by_key(|sent| sent.cursor.clone());
    talk
}

/// Fails the test unless each message is in one place, and is found.
async fn is_whole(world: &World, talk: &Talk, expected: &[serde_json::Value]) {
    let both = "SELECT COUNT(*) FROM messages m JOIN archived_messages a ON a.id = m.id";
    assert_eq!(world.database.number(both).await, 0, "in both");
    let [in_use, archived] = places(&world.database).await;
    assert_eq!(in_use + archived, talk.sent.len() as i64, "{in_use} in use, {archived} in the archive");
    let counted = "SELECT COALESCE((SELECT message_count FROM archived_threads), 0)";
    assert_eq!(world.database.number(counted).await, archived, "and counted");
    let found: Vec<_> = talk.users[1].history(&talk.group).await.into_iter().map(|(_, message)| message).collect();
    assert_eq!(found, expected);
}

async fn heavy_killed_at_any_moment_a_message_is_in_one_place(world: World) {
    let talk = long_talk(&world).await;
    let expected: Vec<_> = talk.users[1].history(&talk.group).await.into_iter().map(|(_, message)| message).collect();
    let mut chance = Chance::new();
    let mut halfway = 0;
    for _ in 0..KILLS {
        let mut command = world.server.command(&["archive", "--days", "0"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Until it has begun, and then for a moment.
        let before = places(&world.database).await[1];
        while child.try_wait().unwrap().is_none() && places(&world.database).await[1] == before {
            sleep(Duration::from_millis(2)).await;
        }
        sleep(Duration::from_micros(chance.below(150_000) as u64)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        is_whole(&world, &talk, &expected).await;
        let [in_use, archived] = places(&world.database).await;
        halfway += usize::from(in_use > 0 && archived > 0);
        if in_use == 0 {
            bring_back(&world, &talk).await;
            is_whole(&world, &talk, &expected).await;
        }
    }
    assert!(halfway > KILLS / 5, "it was killed over {halfway} slices");
    move_all(&world).await;
    assert_eq!(places(&world.database).await, [0, talk.sent.len() as i64]);
    is_whole(&world, &talk, &expected).await;
}

async fn bring_back(world: &World, talk: &Talk) {
    talk.users[0].archive(&talk.group).await;
    talk.users[0].unarchive(&talk.group).await;
    all_done(&world.database).await;
    assert_eq!(places(&world.database).await[1], 0);
}

async fn heavy_killed_at_any_moment_what_comes_back_is_in_one_place(world: World) {
    let talk = long_talk(&world).await;
    let expected: Vec<_> = talk.users[1].history(&talk.group).await.into_iter().map(|(_, message)| message).collect();
    let mut chance = Chance::new();
    for _ in 0..5 {
        move_all(&world).await;
        talk.users[0].archive(&talk.group).await;
        talk.users[0].unarchive(&talk.group).await;
        sleep(Duration::from_micros(chance.below(200_000) as u64)).await;
        world.server.kill9();
        world.server.launch();
        world.server.ready().await;
        is_whole(&world, &talk, &expected).await;
        // The job is begun again when its time is over.
        let past = tests::job::PAST;
        world.database.execute(&format!("UPDATE jobs SET available_at = '{past}' WHERE reserved_at IS NOT NULL")).await;
        all_done(&world.database).await;
        assert_eq!(places(&world.database).await[1], 0, "what was taken back is back");
        is_whole(&world, &talk, &expected).await;
    }
}

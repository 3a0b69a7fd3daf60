//! A restore that is killed: what is there is the old database, or the backup, and nothing in between.

use std::process::Stdio;
use std::time::Instant;

use tests::{Chance, User, World, claims};
use tokio::time::sleep;

use super::{backup, restore, said};
use crate::crash::{messages_after, nothing_is_missing};

claims![killed_in_the_middle_of_a_restore_a_database_is_the_old_one_or_the_new_one];

/// Restores that are killed before their end.
const KILLED: usize = 8;
const SENT: usize = 60;

async fn killed_in_the_middle_of_a_restore_a_database_is_the_old_one_or_the_new_one(world: World) {
    let mut chance = Chance::new();
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send_many(&group, SENT).await;
    let file = backup(&world.server, world.database.directory()).await;
    world.server.stop().await;
    let begun = Instant::now();
    said(&restore(&world.server, &file, &["--force"]).await, true, "The database is as it was");
    let mut time = begun.elapsed();
    let (mut killed, mut kept, mut tries) = (0, 0, 0);
    // At least one of them while the old database was there still.
    while killed < KILLED || kept == 0 {
        tries += 1;
        assert!(
            tries < 60,
            "{killed} of {tries} were killed, {kept} of them before the backup was there; the end comes after {time:?}"
        );
        world.server.launch();
        world.server.ready().await;
        // What tells the database that is there from the backup.
        let extra = chance.below(5) + 1;
        let there = count(&alice, &group).await;
        alice.send_many(&group, extra).await;
        let epoch = world.database.number("SELECT log_epoch FROM instance").await;
        // Killed, too, so that there is a log of writes beside SQLite's file.
        world.server.kill9();
        let mut command = world.server.command(&["restore", file.to_str().unwrap(), "--force"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begun = Instant::now();
        let mut child = command.spawn().unwrap();
        sleep(time.mul_f64(chance.below(1_000) as f64 / 1_000.0)).await;
        let is_done = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        if is_done {
            time = time.min(begun.elapsed())
        } else {
            killed += 1
        }
        world.server.launch();
        world.server.ready().await;
        nothing_is_missing(&world).await;
        let now = count(&alice, &group).await;
        let is_same_log = world.database.number("SELECT log_epoch FROM instance").await == epoch;
        match is_same_log {
            true => assert_eq!(now, there + extra, "the database that was there is whole"),
            false => assert_eq!(now, SENT, "the backup is whole"),
        }
        kept += usize::from(is_same_log);
        world.server.stop().await;
    }
    eprintln!("{killed} killed of {tries}, after which the old database was there {kept} times");
    said(&restore(&world.server, &file, &["--force"]).await, true, "The database is as it was");
    world.server.launch();
    world.server.ready().await;
    assert_eq!(messages_after(&bob, &group, None).await.len(), SENT);
}

async fn count(user: &User, group: &str) -> usize {
    messages_after(user, group, None).await.len()
}

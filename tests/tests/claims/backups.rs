//! Backups: taken while the server is in use, and put back as a whole or not at all.

mod files;
mod killed;
mod programs;
mod schemas;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use serde_json::json;
use tests::{Database, Sent, Server, User, World, claims, eventually};

use crate::crash::{messages_after, nothing_is_missing};

claims![
    a_backup_under_load_has_all_that_was_acknowledged_before_it,
    restoring_takes_a_database_back_and_resets_what_goes_on_from_a_cursor,
];

/// Runs a command of a server to its end.
async fn run(server: &Server, arguments: &[&str]) -> Output {
    let mut command = server.command(arguments);
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

#[track_caller]
fn said(output: &Output, success: bool, words: &str) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.success(), success, "{text}");
    assert!(text.contains(words), "`{words}` is not in: {text}");
    assert!(!text.contains("panicked"), "{text}");
}

/// A backup of a server's database, in a directory of the test's.
async fn backup(server: &Server, directory: &Path) -> PathBuf {
    let file = directory.join("backup");
    said(&run(server, &["backup", file.to_str().unwrap(), "--force"]).await, true, "has everything");
    file
}

async fn restore(server: &Server, file: &Path, arguments: &[&str]) -> Output {
    let arguments = [&["restore", file.to_str().unwrap()], arguments].concat();
    run(server, &arguments).await
}

async fn a_backup_under_load_has_all_that_was_acknowledged_before_it(world: World) {
    let users = world.users(["ann", "ben", "cat", "dan"]).await;
    let room = world.room_of(&users[0], &[&users[1], &users[2], &users[3]]).await;
    let early = users[0].event_cursor(&room).await;
    let acknowledged = Mutex::new(Vec::new());
    let is_done = AtomicBool::new(false);
    let sending = join_all(users.iter().map(|user| send_until(user, &room, &acknowledged, &is_done)));
    let file = world.database.directory().join("a backup");
    let backing_up = async {
        eventually("a hundred messages", async || (acknowledged.lock().unwrap().len() >= 100).then_some(())).await;
        let before = acknowledged.lock().unwrap().clone();
        let output = run(&world.server, &["backup", file.to_str().unwrap()]).await;
        let meanwhile = acknowledged.lock().unwrap().len() - before.len();
        said(&output, true, "has everything");
        // The load goes on over the end of the backup.
        eventually("more messages", async || {
            (acknowledged.lock().unwrap().len() > before.len() + meanwhile).then_some(())
        })
        .await;
        is_done.store(true, Ordering::Relaxed);
        (before, meanwhile)
    };
    let ((before, meanwhile), _) = join(backing_up, sending).await;
    assert!(meanwhile > 0, "nobody sent while it was made");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "nobody else reads it");
    let cursor = acknowledged.lock().unwrap().iter().map(|(sent, _)| sent.cursor.clone()).max().unwrap();
    world.server.stop().await;

    // Into an empty database, on another server.
    let database = Database::create(world.database.engine()).await;
    let server = Server::prepare(&database, &[]);
    said(&restore(&server, &file, &[]).await, true, "The database is as it was");
    drop(server);
    let restored = World::on(database, &[]).await;
    nothing_is_missing(&restored).await;
    let ann = restored.here(&users[0]);
    let history = messages_after(&ann, &room, None).await;
    let known = history_by_contents(&history);
    for (_, content) in &before {
        assert!(known.contains(content), "{content} was acknowledged before the backup was begun");
    }
    assert!(history.is_sorted_by(|(one, _), (next, _)| one.cursor < next.cursor));
    assert!(history.len() <= acknowledged.lock().unwrap().len() + users.len(), "and nothing that nobody sent");
    // Whoever goes on from a cursor of before is told to begin anew, whether it is in the backup or not.
    let now = ann.event_cursor(&room).await;
    for old in [&early, &before[0].0.cursor, &cursor] {
        is_reset(&restored, &ann, &room, old, &now).await;
    }
    let next = ann.send(&room, "and on").await;
    let socket = restored.socket(&ann).await;
    assert_eq!(socket.events(&room, Some(&now)).await.event().await["cursor"], next.cursor);
}

fn history_by_contents(history: &[(Sent, String)]) -> std::collections::HashSet<String> {
    history.iter().map(|(_, content)| content.clone()).collect()
}

/// Sends one message after the other, and keeps what is acknowledged.
async fn send_until(user: &User, room: &str, acknowledged: &Mutex<Vec<(Sent, String)>>, is_done: &AtomicBool) {
    for number in 0.. {
        if is_done.load(Ordering::Relaxed) {
            return;
        }
        let content = format!("{} {number}", user.username);
        let sent = user.post(room, &content).await;
        acknowledged.lock().unwrap().push((sent, content));
    }
}

/// Fails the test unless a stream from this cursor begins with a reset to where the log stands, and a page is refused.
async fn is_reset(world: &World, user: &User, thread: &str, old: &str, now: &str) {
    let socket = world.socket(user).await;
    let frame = socket.events(thread, Some(old)).await.event().await;
    assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!("StreamReset"), &json!(now)), "after {old}");
    socket.messages(thread, Some(old)).await.failed("STREAM_RESET").await;
    let page = user.poll_events(thread, Some(old), 10).await;
    assert_eq!(page.list("/thread/events/frames")[0]["__typename"], "StreamReset");
    user.page(thread, &format!("first: 5, after: \"{old}\"")).await.failed("STREAM_RESET");
}

async fn restoring_takes_a_database_back_and_resets_what_goes_on_from_a_cursor(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let kept = alice.send_many(&group, 3).await;
    let file = backup(&world.server, world.database.directory()).await;
    let gone = alice.send_many(&group, 3).await;
    world.user("latecomer").await;
    // Not over a database that is in use, nor over one that somebody may want to keep.
    said(&restore(&world.server, &file, &["--force"]).await, false, "stop");
    assert_eq!(bob.history(&group).await.len(), 6, "nothing has happened");
    world.server.stop().await;
    said(&restore(&world.server, &file, &[]).await, false, "--force");
    said(&restore(&world.server, &file, &["--force"]).await, true, "The database is as it was");
    world.server.launch();
    world.server.ready().await;
    nothing_is_missing(&world).await;
    let history = messages_after(&bob, &group, None).await;
    assert_eq!(history.len(), 3);
    // The same messages, by cursors of another log.
    assert!(history.iter().zip(&kept).all(|((found, _), sent)| found.id == sent.id && found.cursor != sent.cursor));
    let now = bob.event_cursor(&group).await;
    for old in kept.iter().chain(&gone) {
        is_reset(&world, &bob, &group, &old.cursor, &now).await;
    }
    world.user("latecomer").await;
    // Places in the log are given again, and mean what they mean now.
    let again = alice.send_many(&group, 3).await;
    assert!(again.iter().zip(&gone).all(|(new, old)| new.cursor != old.cursor && new.id != old.id));
    let sent: Vec<_> = history.into_iter().chain(again.into_iter().zip(["1", "2", "3"].map(str::to_owned))).collect();
    is_the_history(&world, &bob, &group, &sent).await;
    // And once more, from the same backup: yet another log.
    let first = bob.event_cursor(&group).await;
    world.server.stop().await;
    said(&restore(&world.server, &file, &["--force"]).await, true, "The database is as it was");
    world.server.launch();
    world.server.ready().await;
    is_reset(&world, &bob, &group, &first, &bob.event_cursor(&group).await).await;
}

async fn is_the_history(world: &World, user: &User, group: &str, sent: &[(Sent, String)]) {
    nothing_is_missing(world).await;
    let history = messages_after(user, group, None).await;
    let found: Vec<_> = history.iter().map(|(sent, _)| sent).collect();
    assert_eq!(found, sent.iter().map(|(sent, _)| sent).collect::<Vec<_>>());
}

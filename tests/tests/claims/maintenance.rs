//! `linnet maintain`: in the middle of everything, and nobody waits for it.

mod files;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use tests::{Database, Engine, User, World, claims};

claims![messages_are_sent_while_the_database_is_maintained];

/// Longer than this nobody waits, on a machine that does other things, too; SQLite gives up after 5 seconds.
const LONG: Duration = Duration::from_millis(2_500);

/// Bytes of junk that was thrown away.
const JUNK: i64 = 48 << 20;

async fn messages_are_sent_while_the_database_is_maintained(world: World) {
    let users = world.users(["ann", "ben", "cat"]).await;
    let room = world.room_of(&users[0], &[&users[1], &users[2]]).await;
    throw_away(&world.database).await;
    let is_done = AtomicBool::new(false);
    let sending = join_all(users.iter().map(|user| send_until(user, &room, &is_done)));
    let maintaining = async {
        let begun = Instant::now();
        let output = world.command(&["maintain"]).await;
        is_done.store(true, Ordering::Relaxed);
        (output, begun.elapsed())
    };
    let ((output, took), sent) = join(maintaining, sending).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let count: usize = sent.iter().map(|(count, _)| count).sum();
    let longest = sent.iter().map(|(_, longest)| *longest).max().unwrap();
    eprintln!("{count} messages in {took:?}, the longest took {longest:?}: {said}");
    assert!(count >= 6, "{count} messages in {took:?}");
    assert!(longest < LONG, "somebody waited for {longest:?}");
    assert_eq!(users[0].history(&room).await.len(), count);
    match world.database.engine() {
        Engine::Sqlite => {
            assert!(said.contains("MiB given back"), "{said}");
            let free = world.database.number("PRAGMA freelist_count").await * 4096;
            assert!(free < JUNK / 20, "{free} bytes are still unused");
            let size = std::fs::metadata(world.database.directory().join("linnet.db")).unwrap().len();
            assert!(size < u64::try_from(JUNK).unwrap() / 2, "the file has {size} bytes still");
        }
        Engine::Postgres => {
            let sql = "SELECT count(*) FROM pg_stat_user_tables WHERE last_vacuum IS NULL OR last_analyze IS NULL";
            tests::eventually("PostgreSQL to have counted it", async || {
                (world.database.number(sql).await == 0).then_some(())
            })
            .await;
        }
    }
    assert!(world.database.number(planned(world.database.engine())).await > 5, "the planner knows its tables");
    // Once more, there is little left to do.
    assert!(world.command(&["maintain"]).await.status.success());
}

/// How many tables the planner knows something of.
fn planned(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SELECT count(DISTINCT tbl) FROM sqlite_stat1",
        Engine::Postgres => "SELECT count(DISTINCT tablename) FROM pg_stats WHERE schemaname = 'public'",
    }
}

/// Fills a part of the database and empties it again.
async fn throw_away(database: &Database) {
    let rows = JUNK / 4096;
    match database.engine() {
        Engine::Sqlite => {
            database.execute("CREATE TABLE junk (bytes blob)").await;
            let sql = format!(
                "INSERT INTO junk WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
                 SELECT zeroblob(4000) FROM n"
            );
            database.execute(&sql).await;
            database.execute("DROP TABLE junk").await;
            assert!(database.number("PRAGMA freelist_count").await > rows / 2, "there is something to give back");
        }
        Engine::Postgres => {
            database.execute("CREATE TABLE junk (bytes text)").await;
            let sql = format!("INSERT INTO junk SELECT repeat(md5(i::text), 20) FROM generate_series(1, {rows}) i");
            database.execute(&sql).await;
            database.execute("DELETE FROM junk").await;
        }
    }
}

/// Sends one message after the other: how many, and how long the slowest took.
async fn send_until(user: &User, room: &str, is_done: &AtomicBool) -> (usize, Duration) {
    let (mut count, mut longest) = (0, Duration::ZERO);
    while !is_done.load(Ordering::Relaxed) {
        let begun = Instant::now();
        user.post(room, &format!("{} {count}", user.username)).await;
        longest = longest.max(begun.elapsed());
        count += 1;
    }
    (count, longest)
}

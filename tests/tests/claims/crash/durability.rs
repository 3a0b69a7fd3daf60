//! What the promise rests on: a change is on disk before it is acknowledged.

use sea_orm::QueryResult;
use tests::{Cluster, Database, Engine, Server, World, claim, claims};

claims![every_change_is_made_by_a_connection_that_syncs];

#[test]
fn a_postgresql_that_does_not_sync_is_named() {
    claim::run(Engine::Postgres, without_fsync);
}

/// Asked in the middle of a change, from inside of the database: how the connection that makes it is set.
async fn every_change_is_made_by_a_connection_that_syncs(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    let looks: &[&str] = match world.database.engine() {
        Engine::Sqlite => &[
            "CREATE TABLE seen (setting TEXT)",
            "CREATE TRIGGER look AFTER INSERT ON thread_events BEGIN INSERT INTO seen \
             SELECT s.synchronous || ' ' || f.foreign_keys FROM pragma_synchronous s, pragma_foreign_keys f; END",
        ],
        Engine::Postgres => &[
            "CREATE TABLE seen (setting TEXT)",
            "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$",
            "CREATE TRIGGER look AFTER INSERT ON thread_events EXECUTE FUNCTION look()",
            // Whoever runs the database may think that they know better.
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
        ],
    };
    for sql in looks {
        world.database.execute(sql).await;
    }
    world.server.restart().await;
    // Several threads at once, so that several connections come into play where there are several.
    for _ in 0..5 {
        let sending = [alice.send(&thread, "hello"), bob.send(&group, "hello"), alice.send(&group, "hello")];
        futures_util::future::join_all(sending).await;
    }
    let rows = world.database.rows("SELECT DISTINCT setting FROM seen").await;
    let seen: Vec<String> = rows.iter().map(|row: &QueryResult| row.try_get("", "setting").unwrap()).collect();
    match world.database.engine() {
        // FULL, and foreign keys are kept.
        Engine::Sqlite => assert!(seen == ["2 1"] || seen == ["3 1"], "{seen:?}"),
        Engine::Postgres => assert_eq!(seen, ["on"]),
    }
    if world.database.engine() == Engine::Sqlite {
        let mode: String = world.database.rows("PRAGMA journal_mode").await[0].try_get_by_index(0).unwrap();
        assert_eq!(mode, "wal");
    }
}

/// What no client of PostgreSQL can switch on for itself is said loudly.
async fn without_fsync(_: Engine) {
    let cluster = Cluster::start();
    let database = Database::create_on(&cluster).await;
    database.execute("ALTER SYSTEM SET fsync = off").await;
    cluster.restart();
    let server = Server::start(&database, &[]).await;
    server.expect_errors();
    let log = server.log();
    assert!(log.contains("fsync"), "the log says nothing of it:\n{log}");
    let doctor = server.command(&["doctor"]).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned() + &String::from_utf8_lossy(&doctor.stderr);
    assert!(said.contains("fsync"), "nor does the doctor:\n{said}");
    server.stop().await;
    database.execute("ALTER SYSTEM SET fsync = on").await;
    cluster.restart();
    let server = Server::start(&database, &[]).await;
    assert!(!server.log().contains("fsync"), "all is well, and yet:\n{}", server.log());
}

//! What the commands make of a database.

use tests::{Client, Database, Engine, Server, World, claim, claims};

use super::{columns, migrate, migrated, schema};

claims![
    up_and_down_and_up_again_gives_the_same_schema,
    down_takes_back_one_step_or_as_many_as_asked_for,
    a_server_makes_what_the_command_makes,
    fresh_makes_an_empty_database,
    the_status_tells_what_is_applied,
    without_migrations_a_server_refuses_to_start,
    what_is_migrated_is_not_migrated_again,
    every_reference_is_found_by_an_index,
];

/// More steps than there will be for a long time.
const STEPS: usize = 200;

async fn up_and_down_and_up_again_gives_the_same_schema(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    migrated(&server, &["up"]);
    let first = schema(&database).await;
    let tables = columns(&database).await;
    for table in [
        "instance",
        "users",
        "user_sessions",
        "threads",
        "thread_participants",
        "messages",
        "thread_events",
        "read_marks",
        "export_tokens",
        "wallets",
        "wallet_nonces",
        "wallet_challenges",
        "referral_codes",
        "referrals",
        "archived_threads",
        "archived_messages",
    ] {
        assert!(tables.iter().any(|line| line.starts_with(&format!("{table}."))), "there is no table {table}");
    }
    down_to_nothing(&server, &database).await;
    migrated(&server, &["up"]);
    assert_eq!(schema(&database).await, first);
    // And with content in it, which must not be in the way.
    server.launch();
    server.ready().await;
    let alice = Client::anonymous(&server).sign_up("alice").await;
    let room = alice.create_room("A room").await;
    alice.send_many(&room, 3).await;
    server.stop().await;
    down_to_nothing(&server, &database).await;
    migrated(&server, &["up"]);
    assert_eq!(schema(&database).await, first);
    server.restart().await;
    Client::anonymous(&server).sign_up("alice").await;
}

async fn down_takes_back_one_step_or_as_many_as_asked_for(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    migrated(&server, &["up"]);
    // Every state on the way down, one step at a time.
    let mut states = vec![schema(&database).await];
    while !columns(&database).await.is_empty() {
        migrated(&server, &["down"]);
        states.push(schema(&database).await);
        assert!(states.len() < STEPS, "down does not come to an end");
    }
    let steps = states.len() - 1;
    assert!(steps >= 1);
    for down in 1..=steps {
        migrated(&server, &["up"]);
        assert_eq!(schema(&database).await, states[0]);
        migrated(&server, &["down", &down.to_string()]);
        assert_eq!(schema(&database).await, states[down], "{down} of {steps} steps down");
    }
}

async fn a_server_makes_what_the_command_makes(world: World) {
    let by_server = schema(&world.database).await;
    let other = Database::create(world.database.engine()).await;
    migrated(&Server::prepare(&other, &[]), &["up"]);
    assert_eq!(schema(&other).await, by_server);
}

async fn fresh_makes_an_empty_database(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    alice.send_many(&room, 3).await;
    let before = schema(&world.database).await;
    world.server.stop().await;
    migrated(&world.server, &["fresh"]);
    assert_eq!(schema(&world.database).await, before);
    for table in ["users", "threads", "messages", "thread_events"] {
        assert_eq!(world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    world.server.launch();
    world.server.ready().await;
    world.user("alice").await;
}

async fn the_status_tells_what_is_applied(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    let before = migrated(&server, &["status"]).to_lowercase();
    assert!(before.contains("pending") && !before.contains("applied"), "{before}");
    assert!(columns(&database).await.is_empty(), "asking changes nothing");
    migrated(&server, &["up"]);
    let after = migrated(&server, &["status"]).to_lowercase();
    assert!(after.contains("applied") && !after.contains("pending"), "{after}");
}

async fn without_migrations_a_server_refuses_to_start(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[("LINNET_MIGRATE_AT_START", "false")]);
    server.expect_errors();
    server.launch();
    let status = tests::eventually("the server to end", async || server.exited()).await;
    assert!(!status.success(), "it ended as if all were well");
    let log = server.log();
    assert!(log.contains("linnet migrate up"), "it does not say what to do:\n{log}");
    assert!(columns(&database).await.is_empty(), "nothing was made");
    server.kill9();
    migrated(&server, &["up"]);
    server.launch();
    server.ready().await;
    Client::anonymous(&server).sign_up("alice").await;
    server.stop().await;
    // Half migrated is not migrated.
    migrated(&server, &["down"]);
    server.launch();
    let status = tests::eventually("the server to end", async || server.exited()).await;
    assert!(!status.success(), "it ended as if all were well");
    server.kill9();
}

async fn what_is_migrated_is_not_migrated_again(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let sent = alice.send_many(&room, 3).await;
    let before = schema(&world.database).await;
    for _ in 0..2 {
        world.server.restart().await;
        migrated(&world.server, &["up"]);
    }
    assert_eq!(schema(&world.database).await, before);
    let found: Vec<_> = alice.history(&room).await.into_iter().map(|(cursor, _)| cursor).collect();
    assert_eq!(found, sent.into_iter().map(|sent| sent.cursor).collect::<Vec<_>>());
}

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    claim::run(Engine::Sqlite, async |_: Engine| {
        let databases = [Database::create(Engine::Sqlite).await, Database::create(Engine::Postgres).await];
        for database in &databases {
            migrated(&Server::prepare(database, &[]), &["up"]);
        }
        // Each has a text index of its own kind, with its own columns.
        let alike = async |database| {
            let mut columns = columns(database).await;
            columns.retain(|column| !column.starts_with("message_search"));
            columns
        };
        assert_eq!(alike(&databases[0]).await, alike(&databases[1]).await);
    });
}

/// Steps down until nothing of ours is left; there is nothing to be done then, and no harm in asking for it.
async fn down_to_nothing(server: &Server, database: &Database) {
    for _ in 0..STEPS {
        if columns(database).await.is_empty() {
            let again = migrate(server, &["down"]);
            let text = String::from_utf8_lossy(&again.stderr).into_owned();
            assert!(!text.contains("panicked"), "{text}");
            assert!(columns(database).await.is_empty());
            return;
        }
        migrated(server, &["down"]);
    }
    panic!("{STEPS} steps down, and there is still {:?}", columns(database).await);
}

/// What refers to a row has to be found when the row goes: by an index of all that refers, or of all that refers to anything.
async fn every_reference_is_found_by_an_index(engine: Engine) {
    let database = Database::create(engine).await;
    migrated(&Server::prepare(&database, &[]), &["up"]);
    let scanned = match engine {
        Engine::Sqlite => {
            "SELECT m.name || '.' || f.\"from\" AS line FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
             WHERE m.type = 'table' AND f.seq = 0 AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name) l \
             JOIN pragma_index_info(l.name) i LEFT JOIN sqlite_master s ON s.name = l.name WHERE i.seqno = 0 \
             AND i.name = f.\"from\" AND (NOT l.partial OR s.sql LIKE '% WHERE ' || f.\"from\" || ' IS NOT NULL'))"
        }
        Engine::Postgres => {
            "SELECT concat_ws('.', c.conrelid::regclass, a.attname) AS line FROM pg_constraint c \
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] \
             WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_index i \
             WHERE i.indrelid = c.conrelid AND i.indkey[0] = a.attnum AND (i.indpred IS NULL \
             OR pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)))"
        }
    };
    let rows = database.rows(scanned).await;
    let lines: Vec<String> = rows.iter().map(|row| row.try_get("", "line").unwrap()).collect();
    assert_eq!(lines, [""; 0], "these are looked for from end to end");
}

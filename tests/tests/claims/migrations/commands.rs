//! The commands that make, change and unmake a database.

use tests::{Client, Database, Engine, Server, claims};

use super::{columns, migrate, migrated, schema};

claims![
    a_database_is_made_migrated_rolled_back_and_made_again,
    what_loses_something_is_asked_for_twice,
    reset_leaves_the_demo_and_nothing_else,
];

/// How many migrations are in a state, by what a command has printed.
fn count(printed: &str, state: &str) -> usize {
    printed.lines().filter(|line| line.starts_with(&format!("{state} "))).count()
}

/// A server whose database is not there yet, beside one that is.
fn elsewhere(database: &Database) -> (Server, String) {
    let server = Server::prepare(database, &[]);
    let url = match database.engine() {
        Engine::Sqlite => format!("sqlite://{}?mode=rwc", database.directory().join("another.db").display()),
        Engine::Postgres => format!("{}_another", database.url()),
    };
    server.set("LINNET_DATABASE_URL", &url);
    (server, url)
}

async fn a_database_is_made_migrated_rolled_back_and_made_again(engine: Engine) {
    let database = Database::create(engine).await;
    let (server, url) = elsewhere(&database);
    assert!(migrated(&server, &["create"]).contains("is made"));
    assert!(migrated(&server, &["create"]).contains("is there"), "again does no harm");
    let before = migrated(&server, &["status"]);
    assert!(count(&before, "pending") > 5 && count(&before, "applied") == 0, "{before}");
    let up = migrated(&server, &["up"]);
    assert!(count(&up, "applied") > 5 && count(&up, "pending") == 0, "{up}");
    let back = migrated(&server, &["rollback"]);
    assert_eq!(count(&back, "pending"), 1, "{back}");
    server.launch();
    server.ready().await;
    Client::anonymous(&server).sign_up("alice").await;
    server.stop().await;
    if engine == Engine::Postgres {
        let name = url.rsplit('/').next().unwrap();
        database.execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

async fn what_loses_something_is_asked_for_twice(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    migrated(&server, &["up"]);
    let before = schema(&database).await;
    for arguments in [&["down"][..], &["rollback"], &["down", "3"], &["fresh"], &["reset"]] {
        let command = [&["migrate"], arguments].concat();
        let refused = server.command(&command).output().unwrap();
        let why = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && why.contains("--yes"), "{arguments:?}: {why}");
        assert_eq!(schema(&database).await, before, "{arguments:?} was not to be done");
    }
    assert!(migrate(&server, &["rollback"]).status.success());
    assert_ne!(schema(&database).await, before);
}

async fn reset_leaves_the_demo_and_nothing_else(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    server.launch();
    server.ready().await;
    let anonymous = Client::anonymous(&server);
    anonymous.sign_up("somebody").await;
    server.stop().await;
    let printed = migrated(&server, &["reset"]);
    assert!(printed.contains("can sign in") && count(&printed, "pending") == 0, "{printed}");
    assert_eq!(database.number("SELECT COUNT(*) FROM users WHERE username = 'somebody'").await, 0);
    assert!(database.number("SELECT COUNT(*) FROM chirps").await > 5, "the demo has chirps");
    assert!(!columns(&database).await.is_empty());
}

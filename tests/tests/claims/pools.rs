//! The pool of connections: as many, and as long, as its settings say.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::{Client, Database, Engine, Server, World, claims, eventually};

claims![
    a_pool_has_as_many_connections_as_it_may_and_lets_idle_ones_go,
    settings_of_the_pool_are_read_from_a_file_which_the_environment_overrules,
];

/// How many connections a server has to its database, as whoever serves them tells.
async fn connections(database: &Database, server: &Server) -> i64 {
    match database.engine() {
        Engine::Postgres => {
            let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name = 'linnet'";
            database.number(sql).await
        }
        Engine::Sqlite => {
            let files = std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap();
            let opened = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
            // SQLite keeps the file of a connection that goes for the next one that comes, but not that of its log.
            opened.filter(|path| path.ends_with("linnet.db-wal")).count().try_into().unwrap()
        }
    }
}

/// Keeps a server busy until it has this many connections, and gives the most that it had.
async fn most(database: &Database, server: &Server, wanted: i64) -> i64 {
    let anonymous = Client::anonymous(server);
    let mut most = 0;
    let busy = async || {
        let asked = (0..16)
            .map(|_| anonymous.graphql("{ rooms(first: 5) { nodes { id } } chirps { nodes { id } } }", Value::Null));
        join_all(asked).await;
    };
    eventually("the pool to fill", async || {
        let ((), count) = join(busy(), connections(database, server)).await;
        most = most.max(count);
        (most >= wanted).then_some(())
    })
    .await;
    for _ in 0..5 {
        most = most.max(join(busy(), connections(database, server)).await.1);
    }
    most
}

/// On SQLite, one more writes.
fn with_the_writer(engine: Engine, connections: i64) -> i64 {
    connections + i64::from(engine == Engine::Sqlite)
}

async fn a_pool_has_as_many_connections_as_it_may_and_lets_idle_ones_go(engine: Engine) {
    let settings = [
        ("LINNET_DATABASE_MAX_CONNECTIONS", "3"),
        ("LINNET_DATABASE_IDLE_TIMEOUT_SECONDS", "1"),
        // Who looks for jobs each second takes every connection in turn.
        ("LINNET_JOB_WORKERS", "0"),
    ];
    let world = World::start_with(engine, &settings).await;
    let all = with_the_writer(engine, 3);
    assert_eq!(most(&world.database, &world.server, all).await, all);
    eventually("idle connections to go", async || {
        (connections(&world.database, &world.server).await < all).then_some(())
    })
    .await;
    // What was let go is opened again.
    world.user("alice").await.chirp("still there").await;
}

async fn settings_of_the_pool_are_read_from_a_file_which_the_environment_overrules(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    let file = database.directory().join("settings.toml");
    std::fs::write(&file, "database_max_connections = 2\ndatabase_acquire_timeout_ms = 5000\n").unwrap();
    server.set("LINNET_CONFIG", file.to_str().unwrap());
    server.launch();
    server.ready().await;
    let two = with_the_writer(engine, 2);
    assert_eq!(most(&database, &server, two).await, two);
    server.stop().await;
    server.set("LINNET_DATABASE_MAX_CONNECTIONS", "1");
    server.launch();
    server.ready().await;
    let one = with_the_writer(engine, 1);
    assert_eq!(most(&database, &server, one).await, one);
}

mod waiting {
    use super::*;
    use sea_orm::{ConnectionTrait, TransactionTrait};

    tests::postgres_claims![who_waits_too_long_for_a_connection_is_told_to_come_again];

    async fn who_waits_too_long_for_a_connection_is_told_to_come_again(engine: Engine) {
        let settings = [("LINNET_DATABASE_MAX_CONNECTIONS", "1"), ("LINNET_DATABASE_ACQUIRE_TIMEOUT_MS", "200")];
        let world = World::start_with(engine, &settings).await;
        let alice = world.user("alice").await;
        let connection = world.database.connect().await;
        let holding = connection.begin().await.unwrap();
        holding.execute_unprepared("LOCK TABLE chirps IN ACCESS EXCLUSIVE MODE").await.unwrap();
        // One has the connection, and waits for the table; the other gets none.
        let ask = || world.anonymous.graphql("{ chirps { nodes { id } } }", json!({}));
        let waits = ask();
        tokio::pin!(waits);
        let refused = eventually("the pool to be empty", async || {
            tokio::select! {
                biased;
                answer = &mut waits => panic!("the table is locked: {}", answer.json),
                answer = alice.graphql("{ rooms(first: 1) { nodes { id } } }", json!({})) => {
                    answer.error_code().map(str::to_owned)
                }
            }
        })
        .await;
        assert_eq!(refused, "UNAVAILABLE");
        holding.rollback().await.unwrap();
        waits.await.list("/chirps/nodes");
        connection.close().await.unwrap();
    }
}

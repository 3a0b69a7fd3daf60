//! What the doctor says of what the database rests on, and of the bus.

use tests::{Cluster, Database, Engine, Nats, Server, World, claim, postgres_claims};

use super::database::{examined, finds};

postgres_claims![
    of_a_bus_that_is_away_the_doctor_warns_and_lets_it_be_run,
    of_postgresql_without_durability_the_doctor_says_what_to_switch_on,
    of_postgresql_that_is_away_the_doctor_says_where_it_looked,
    of_a_database_that_is_not_there_the_doctor_says_how_to_make_it,
];

async fn of_a_bus_that_is_away_the_doctor_warns_and_lets_it_be_run(world: World) {
    let nats = Nats::start().await;
    world.server.set("LINNET_NATS_URL", &nats.url());
    let (said, may_run) = examined(&world.server).await;
    finds(&said, "ok       nats:", &["took"]);
    assert!(may_run);
    drop(nats);
    let (said, may_run) = examined(&world.server).await;
    finds(&said, "warning  nats:", &["can't be reached", "LINNET_NATS_URL", "Nothing is lost"]);
    assert!(may_run, "sends succeed without:\n{said}");
}

async fn of_postgresql_without_durability_the_doctor_says_what_to_switch_on(_: Engine) {
    let cluster = Cluster::start();
    let database = Database::create_on(&cluster).await;
    let server = Server::prepare(&database, &[]);
    assert!(server.command(&["migrate", "up"]).output().unwrap().status.success());
    for setting in ["fsync", "full_page_writes"] {
        database.execute(&format!("ALTER SYSTEM SET {setting} = off")).await;
        database.execute("SELECT pg_reload_conf()").await;
        tests::eventually("the setting to be read", async || {
            let (said, may_run) = examined(&server).await;
            (!may_run).then(|| finds(&said, "PROBLEM  durability:", &[setting, "postgresql.conf"]))
        })
        .await;
        database.execute(&format!("ALTER SYSTEM RESET {setting}")).await;
        database.execute("SELECT pg_reload_conf()").await;
        tests::eventually("the setting to be read", async || examined(&server).await.1.then_some(())).await;
    }
}

async fn of_postgresql_that_is_away_the_doctor_says_where_it_looked(_: Engine) {
    let cluster = Cluster::start();
    let database = Database::create_on(&cluster).await;
    let server = Server::prepare(&database, &[]);
    cluster.stop();
    let (said, may_run) = examined(&server).await;
    assert!(!may_run);
    finds(&said, "PROBLEM  database:", &["127.0.0.1:", "can't be opened", "whether PostgreSQL runs"]);
    cluster.resume();
}

async fn of_a_database_that_is_not_there_the_doctor_says_how_to_make_it(_: Engine) {
    let database = Database::create(Engine::Postgres).await;
    let server = Server::prepare(&database, &[]);
    server.set("LINNET_DATABASE_URL", &format!("{}_not", database.url()));
    let (said, may_run) = examined(&server).await;
    assert!(!may_run);
    finds(&said, "PROBLEM  database:", &["createdb", "LINNET_DATABASE_URL"]);
}

#[test]
fn of_a_file_that_is_no_database_the_doctor_says_so() {
    claim::run(Engine::Sqlite, async |engine: Engine| {
        let database = Database::create(engine).await;
        std::fs::write(database.directory().join("linnet.db"), "dear diary, ".repeat(1_000)).unwrap();
        let (said, may_run) = examined(&Server::prepare(&database, &[])).await;
        assert!(!may_run);
        finds(&said, "PROBLEM  database:", &["linnet.db can't be opened", "not a database"]);
    });
}

//! What PostgreSQL counts: uses of indexes, and what statements took.

use serde_json::Value;
use tests::{Cluster, Database, Engine, World, postgres_claims};

use super::database_as_told_to;

postgres_claims![
    indexes_that_nothing_was_found_by_are_told,
    the_slowest_statements_are_told_without_what_anybody_wrote,
];

async fn indexes_that_nothing_was_found_by_are_told(world: World) {
    let root = world.user("root").await;
    world.grant_admin("root").await;
    world.database.execute("CREATE INDEX useless ON messages (edited_at)").await;
    let document = "{ system { database { \
        all: indexes(first: 100) { name table scans isUnique sizeBytes } \
        unused: indexes(first: 100, unused: true) { name table scans isUnique } } } }";
    let answer = root.graphql(document, Value::Null).await;
    let all = answer.list("/system/database/all");
    let scans: Vec<_> = all.iter().map(|one| one["scans"].as_f64().unwrap()).collect();
    assert!(scans.len() > 30 && scans.is_sorted_by(|one, next| one >= next), "those used most first: {scans:?}");
    let unused = answer.list("/system/database/unused");
    let of_ours = unused.iter().find(|one| one["name"] == "useless").expect("nothing was found by it");
    assert_eq!(of_ours["table"], "messages");
    assert!(unused.iter().all(|one| one["scans"] == 0.0 && one["isUnique"] == false), "{unused:?}");
}

async fn the_slowest_statements_are_told_without_what_anybody_wrote(_: Engine) {
    let cluster = Cluster::start();
    let database = Database::create_on(&cluster).await;
    database.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'").await;
    cluster.restart();
    database.execute("CREATE EXTENSION pg_stat_statements").await;
    let world = World::on(database, &[]).await;
    let [root, alice] = world.users(["root", "alice"]).await;
    world.grant_admin("root").await;
    let room = world.room(&alice).await;
    for _ in 0..10 {
        alice.send(&room, "a canary in a message").await;
    }
    // What somebody runs at a prompt may keep its values.
    world.database.execute("SET application_name = 'canary'").await;
    world.database.execute("SELECT count(*) FROM messages WHERE content = 'a canary in a condition'").await;
    world.database.execute("DO $$ BEGIN PERFORM 'canary'; END $$").await;
    world.database.execute("CREATE TABLE canary (number integer DEFAULT 12345)").await;
    let told = database_as_told_to(&root).await;
    let slowest = told["slowestStatements"].as_array().expect("they are counted");
    let text = |one: &Value| one["text"].as_str().unwrap().to_owned();
    assert!(slowest.iter().any(|one| text(one).contains("INSERT INTO messages (")), "{slowest:#?}");
    assert!(slowest.iter().any(|one| text(one).contains("$1") && one["calls"].as_f64().unwrap() >= 10.0));
    assert!(!told.to_string().contains("canary"), "{told}");
    let totals: Vec<_> = slowest.iter().map(|one| one["totalMilliseconds"].as_f64().unwrap()).collect();
    assert!(totals.is_sorted_by(|one, next| one >= next), "the slowest first: {totals:?}");
    for one in slowest {
        let number = |field: &str| one[field].as_f64().unwrap();
        let mean = number("totalMilliseconds") / number("calls");
        assert!((mean - number("meanMilliseconds")).abs() < 0.01, "{one}");
    }
    assert!(!told["untold"].to_string().contains("slowestStatements"));
}

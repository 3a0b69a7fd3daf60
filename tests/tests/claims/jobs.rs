//! Jobs: done once they are there, by one node, though others die over them.

mod batches;
mod failed;
mod kills;
mod workers;

use std::sync::Arc;

use tests::job::{PAST, insert, until};
use tests::mail::PROVE;
use tests::{Database, Engine, Smtp, World, claims, eventually};
use tokio::net::TcpListener;

claims![
    a_job_of_a_killed_node_is_begun_again_when_its_time_is_over,
    a_node_that_stops_leaves_its_jobs_to_others_at_once,
    a_job_that_fails_again_and_again_is_given_up,
    a_job_that_ends_whoever_begins_it_is_given_up,
    what_can_never_be_done_is_given_up_at_once,
    a_job_that_is_not_known_waits_for_who_knows_it,
    a_job_that_is_given_up_again_is_kept_once,
];

/// A server of mails that takes connections and never says a word.
async fn silence() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    (listener, url)
}

async fn count(database: &Database, table: &str) -> i64 {
    database.number(&format!("SELECT COUNT(*) FROM {table}")).await
}

/// A world with one mail that is being sent and never will be.
async fn with_a_job_that_runs(engine: Engine) -> (World, TcpListener) {
    let (silent, url) = silence().await;
    let world = World::start_with(engine, &[("LINNET_SMTP_URL", &url)]).await;
    world.user("alice").await;
    until(&world.database, 1, "reserved_at IS NOT NULL").await;
    (world, silent)
}

async fn a_job_of_a_killed_node_is_begun_again_when_its_time_is_over(engine: Engine) {
    let (world, _silent) = with_a_job_that_runs(engine).await;
    world.server.kill9();
    world.server.set("LINNET_SMTP_URL", "");
    world.server.restart().await;
    // One that comes later is not kept waiting, and shows that the worker has looked.
    world.user("bob").await;
    world.server.mail_to("bob@example.org", PROVE, 1).await;
    until(&world.database, 1, "reserved_at IS NOT NULL AND attempts = 1").await;
    assert!(world.server.mails_to("alice@example.org", PROVE).is_empty(), "it is still held");
    world.database.execute(&format!("UPDATE jobs SET available_at = '{PAST}'")).await;
    let mail = world.server.mail_to("alice@example.org", PROVE, 1).await;
    until(&world.database, 0, "1 = 1").await;
    assert_eq!(world.server.mails_to("alice@example.org", PROVE), [mail]);
}

async fn a_node_that_stops_leaves_its_jobs_to_others_at_once(engine: Engine) {
    let (world, _silent) = with_a_job_that_runs(engine).await;
    assert_eq!(world.server.stop().await.code(), Some(0));
    until(&world.database, 1, "reserved_at IS NULL AND attempts = 0").await;
    world.server.set("LINNET_SMTP_URL", "");
    world.server.restart().await;
    world.server.mail_to("alice@example.org", PROVE, 1).await;
}

/// A world whose mail server is away, with one mail that waits for it.
async fn with_a_job_that_fails(engine: Engine) -> World {
    let world = World::start_with(engine, &[("LINNET_SMTP_URL", &Smtp::prepare().url())]).await;
    world.server.expect_errors();
    world.user("alice").await;
    until(&world.database, 1, "attempts > 0 AND reserved_at IS NULL").await;
    world
}

async fn a_job_that_fails_again_and_again_is_given_up(engine: Engine) {
    let world = with_a_job_that_fails(engine).await;
    let rests = world.database.number("SELECT COUNT(*) FROM jobs WHERE available_at > created_at").await;
    assert_eq!(rests, 1, "it rests before it is begun again");
    world.database.execute(&format!("UPDATE jobs SET attempts = 13, available_at = '{PAST}'")).await;
    until(&world.database, 0, "1 = 1").await;
    let kept = "SELECT COUNT(*) FROM failed_jobs WHERE queue = 'mail' AND kind = 'prove_email' AND attempts = 14 \
        AND connection = 'database' AND length(exception) > 10 AND created_at < failed_at";
    assert_eq!(world.database.number(kept).await, 1);
    assert!(world.server.log().contains("a job was given up"));
}

async fn a_job_that_ends_whoever_begins_it_is_given_up(engine: Engine) {
    let (world, _silent) = with_a_job_that_runs(engine).await;
    world.server.expect_errors();
    world.server.kill9();
    world.database.execute(&format!("UPDATE jobs SET attempts = 14, available_at = '{PAST}'")).await;
    world.server.set("LINNET_SMTP_URL", "");
    world.server.restart().await;
    until(&world.database, 0, "1 = 1").await;
    assert_eq!(count(&world.database, "failed_jobs").await, 1);
    assert!(world.server.mails().is_empty(), "it is not even begun");
}

async fn what_can_never_be_done_is_given_up_at_once(world: World) {
    let payload = r#"{"to": "no address", "subject": "Hello", "text": "Hello"}"#;
    insert(&world.database, "mail", payload).await;
    eventually("it to be given up", async || (count(&world.database, "failed_jobs").await == 1).then_some(())).await;
    assert_eq!(count(&world.database, "jobs").await, 0);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM failed_jobs WHERE attempts = 1").await, 1);
}

async fn a_job_that_is_not_known_waits_for_who_knows_it(world: World) {
    insert(&world.database, "tea", r#"{"sugar": 2}"#).await;
    until(&world.database, 1, &format!("available_at > '{PAST}' AND attempts = 0 AND reserved_at IS NULL")).await;
    world.user("alice").await;
    world.server.mail_to("alice@example.org", PROVE, 1).await;
    until(&world.database, 0, "kind <> 'tea'").await;
    assert_eq!((count(&world.database, "jobs").await, count(&world.database, "failed_jobs").await), (1, 0));
}

async fn a_job_that_is_given_up_again_is_kept_once(world: World) {
    let id = match world.database.engine() {
        Engine::Sqlite => "x'00000000000070008000000000000002'",
        Engine::Postgres => "'00000000-0000-7000-8000-000000000002'",
    };
    for round in 1..=3 {
        let payload = format!(r#"{{"to": "no address", "subject": "Round {round}", "text": "Hello"}}"#);
        tests::job::insert_as(&world.database, id, "mail", &payload).await;
        let kept = format!("SELECT COUNT(*) FROM failed_jobs WHERE CAST(payload AS text) LIKE '%Round {round}%'");
        eventually("it to be given up", async || (world.database.number(&kept).await == 1).then_some(())).await;
        assert_eq!((count(&world.database, "jobs").await, count(&world.database, "failed_jobs").await), (0, 1));
    }
}

mod nodes {
    use super::*;

    tests::postgres_claims![each_job_is_done_by_one_of_two_nodes];

    async fn each_job_is_done_by_one_of_two_nodes(engine: Engine) {
        let database = Arc::new(Database::create(engine).await);
        let (a, b) = (World::on(database.clone(), &[]).await, World::on(database, &[]).await);
        let waiting = "INSERT INTO jobs (id, queue, kind, payload, attempts, available_at, created_at) \
            SELECT gen_random_uuid(), 'mail', 'mail', jsonb_build_object('to', 'user' || n || '@example.org', \
            'subject', 'Hello', 'text', 'Hello'), 0, now(), now() FROM generate_series(1, 300) n";
        a.database.execute(waiting).await;
        until(&a.database, 0, "1 = 1").await;
        let (by_a, by_b) = (a.server.mails(), b.server.mails());
        let mut addresses: Vec<_> = by_a.iter().chain(&by_b).map(|mail| mail.header("To")).collect();
        assert_eq!(addresses.len(), 300, "each once");
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 300);
        assert!(!by_a.is_empty() && !by_b.is_empty(), "{} and {}", by_a.len(), by_b.len());
    }
}

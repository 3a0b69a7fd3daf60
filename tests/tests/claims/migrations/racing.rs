//! Migrations cut short, and several at once.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tests::{Chance, Client, Database, Engine, Server, claim, claims};
use tokio::time::sleep;

use super::{migrated, schema};

claims![killed_half_way_the_next_start_completes, several_at_once_do_no_harm];

/// Migrations that are killed before their end.
const KILLED: usize = 6;

async fn killed_half_way_the_next_start_completes(engine: Engine) {
    let mut chance = Chance::new();
    let whole = Database::create(engine).await;
    let begin = Instant::now();
    migrated(&Server::prepare(&whole, &[]), &["up"]);
    let mut time = begin.elapsed();
    let expected = schema(&whole).await;
    let (mut half_way, mut tries) = (0, 0);
    while half_way < KILLED {
        let database = Database::create(engine).await;
        let server = Server::prepare(&database, &[]);
        // Some are killed several times before they are left alone.
        for _ in 0..1 + tries % 3 {
            tries += 1;
            assert!(tries < 60, "only {half_way} of {tries} were killed before their end, which comes after {time:?}");
            let begin = Instant::now();
            let mut child = start(&server);
            sleep(time.mul_f64(chance.below(1_000) as f64 / 1_000.0)).await;
            let done = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            child.wait().unwrap();
            if done { time = time.min(begin.elapsed()) } else { half_way += 1 }
        }
        server.launch();
        server.ready().await;
        assert_eq!(schema(&database).await, expected);
        assert_eq!(database.number("SELECT COUNT(*) FROM instance").await, 1);
        let alice = Client::anonymous(&server).sign_up("alice").await;
        alice.create_room("A room").await;
        server.stop().await;
    }
}

async fn several_at_once_do_no_harm(engine: Engine) {
    let whole = Database::create(engine).await;
    migrated(&Server::prepare(&whole, &[]), &["up"]);
    let expected = schema(&whole).await;
    for _ in 0..3 {
        let database = Database::create(engine).await;
        let server = Server::prepare(&database, &[]);
        let mut children: Vec<_> = (0..4).map(|_| start(&server)).collect();
        for child in &mut children {
            let ended = tests::eventually("the migration to end", async || child.try_wait().unwrap()).await;
            assert!(ended.success(), "one of several ended with {ended}");
        }
        assert_eq!(schema(&database).await, expected);
        assert_eq!(database.number("SELECT COUNT(*) FROM instance").await, 1);
    }
}

/// Two nodes started together on the same empty database.
async fn two_servers_start_at_once(engine: Engine) {
    let whole = Database::create(engine).await;
    migrated(&Server::prepare(&whole, &[]), &["up"]);
    let expected = schema(&whole).await;
    for round in 0..3 {
        let database = Database::create(engine).await;
        let nodes = [Server::prepare(&database, &[]), Server::prepare(&database, &[])];
        for node in &nodes {
            node.launch();
            // Together, or one a hair after the other.
            sleep(Duration::from_millis(round * 15)).await;
        }
        for node in &nodes {
            node.ready().await;
        }
        assert_eq!(schema(&database).await, expected);
        assert_eq!(database.number("SELECT COUNT(*) FROM instance").await, 1);
        let [one, other] = &nodes;
        let alice = Client::anonymous(one).sign_up("alice").await;
        let room = alice.create_room("A room").await;
        let sent = alice.send(&room, "hello").await;
        // The same log: what one node wrote the other reads, and its cursors are worth the same there.
        let elsewhere = Client::anonymous(other).sign_in("alice").await;
        assert_eq!(elsewhere.event_cursor(&room).await, sent.cursor);
        for node in &nodes {
            node.stop().await;
        }
    }
}

#[test]
fn two_servers_starting_at_once_do_no_harm() {
    claim::run(Engine::Postgres, two_servers_start_at_once);
}

/// `linnet migrate up`, started.
fn start(server: &Server) -> Child {
    server.command(&["migrate", "up"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

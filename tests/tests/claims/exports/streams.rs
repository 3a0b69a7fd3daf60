//! Exports on their way: of any size, as fast as they are read, and cut off rather than ended if they can't be ended.

use std::time::Duration;

use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::export::{begin, fetch};
use tests::{Connection, Engine, User, World, claims, eventually, within};

claims![
    ten_thousand_messages_take_little_memory,
    who_does_not_read_is_cut_off,
    who_reads_slowly_gets_all_of_it,
    an_export_is_cut_off_when_its_session_ends,
    an_export_is_cut_off_when_its_account_is_suspended_or_deleted,
    an_export_is_cut_off_when_it_can_not_be_read,
    an_export_is_cut_off_when_the_server_stops,
];

/// Bytes that a client takes before it reads them.
const NARROW: u32 = 16 * 1024;

/// So many messages of somebody's, each of 4 KB.
async fn write(world: &World, user: &User, count: usize) -> String {
    let room = user.create_room("A room").await;
    user.send(&room, "the first").await;
    let (id, at) = match world.database.engine() {
        Engine::Sqlite => ("randomblob(16)", "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', n || ' seconds')"),
        Engine::Postgres => ("gen_random_uuid()", "now() + n * interval '1 second'"),
    };
    let content = "x".repeat(4000);
    let sql = format!(
        "INSERT INTO messages (id, thread_id, sender_id, seq, position, content, version, created_at, updated_at) \
         WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) \
         SELECT {id}, thread_id, sender_id, 1000 + n, 1000 + n, '{content}' || n, 1, {at}, {at} FROM numbers, \
         (SELECT thread_id, sender_id FROM messages WHERE content = 'the first') one"
    );
    world.database.execute(&sql).await;
    room
}

/// The most memory that the server has had so far, in KiB.
fn peak(world: &World) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", world.server.id())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// All of a body: whole, or what came of it before the connection was cut.
async fn rest(connection: &mut Connection) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match within("the rest of an export", connection.chunk()).await {
            Ok(Some(chunk)) => text.push_str(&chunk),
            Ok(None) => return Ok(text),
            Err(_) => return Err(text),
        }
    }
}

async fn ten_thousand_messages_take_little_memory(world: World) {
    let alice = world.user("alice").await;
    write(&world, &alice, 10_000).await;
    // What one costs that has little in it: connections to the database, and the like.
    let bob = world.user("bob").await;
    bob.export(&world.server).await;
    let before = peak(&world);
    let export = alice.export(&world.server).await;
    let messages = export["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 10_001);
    let is_right =
        |(n, message): (usize, &Value)| n == 0 || message["content"].as_str().unwrap()[4000..] == n.to_string();
    assert!(messages.iter().enumerate().all(is_right), "each once, in order");
    // Each connection that reads SQLite's file keeps some megabytes of it.
    let after = peak(&world);
    assert!(after < before + 24 * 1024, "{before} KiB before, {after} after 40 MB");
}

async fn who_does_not_read_is_cut_off(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_WRITE_SECONDS", "1")]).await;
    let alice = world.user("alice").await;
    write(&world, &alice, 2_000).await;
    let path = alice.export_path().await;
    let connections = async || world.server.metrics().await.sum("linnet_connections", &[]);
    let (open, before) = (connections().await, peak(&world));
    let mut connection = begin(&world.server, &path, NARROW).await;
    eventually("the connection to be there", async || (connections().await > open).then_some(())).await;
    eventually("the connection to be cut", async || (connections().await <= open).then_some(())).await;
    assert!(rest(&mut connection).await.is_err(), "it is not ended as if it were whole");
    assert!(peak(&world) < before + 16 * 1024, "what is not read is not kept");
    alice.send(&alice.create_room("A room").await, "all is well").await;
}

async fn who_reads_slowly_gets_all_of_it(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_WRITE_SECONDS", "2")]).await;
    let alice = world.user("alice").await;
    write(&world, &alice, 3_000).await;
    let mut connection = begin(&world.server, &alice.export_path().await, 16 * NARROW).await;
    let (mut text, begun) = (String::new(), std::time::Instant::now());
    let mut rested = 0;
    while let Some(chunk) = within("more of an export", connection.chunk()).await.unwrap() {
        text.push_str(&chunk);
        // For longer than a client may take that reads nothing.
        if text.len() > rested + 80_000 && begun.elapsed() < Duration::from_secs(4) {
            rested = text.len();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let export: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(export["messages"].as_array().unwrap().len(), 3_001);
}

/// What comes of an export while which something happens.
async fn meanwhile(world: &World, user: &User, happens: impl AsyncFnOnce()) -> Result<String, String> {
    let mut connection = begin(&world.server, &user.export_path().await, NARROW).await;
    let first = connection.chunk().await.unwrap().expect("it begins");
    assert!(first.starts_with("{\n\"format\": 1,"), "{first}");
    happens().await;
    rest(&mut connection).await
}

#[track_caller]
fn is_cut_off(outcome: Result<String, String>) {
    let text = outcome.expect_err("it is not ended as if it were whole");
    assert!(text.len() < 8_000_000 && !text.contains("auditLog"), "{} bytes came", text.len());
}

async fn an_export_is_cut_off_when_its_session_ends(world: World) {
    let alice = world.user("alice").await;
    write(&world, &alice, 3_000).await;
    let whole = meanwhile(&world, &alice, async || {}).await.expect("left alone, it ends");
    assert!(whole.len() > 12_000_000 && whole.ends_with("]\n}\n"), "{} bytes", whole.len());
    let again = world.anonymous.sign_in("alice").await;
    is_cut_off(
        meanwhile(&world, &alice, async || {
            alice.revoke_session(None).await.ok("/sessionRevoke");
        })
        .await,
    );
    is_cut_off(
        meanwhile(&world, &again, async || {
            again
                .mutate("accountDeactivate", json!({ "password": PASSWORD }), "deactivatedId")
                .await
                .ok("/accountDeactivate");
        })
        .await,
    );
}

async fn an_export_is_cut_off_when_its_account_is_suspended_or_deleted(world: World) {
    let [root, alice] = world.users(["root", "alice"]).await;
    world.grant_admin("root").await;
    write(&world, &alice, 3_000).await;
    is_cut_off(
        meanwhile(&world, &alice, async || {
            root.mutate("userSuspend", json!({ "id": alice.id }), "user { id }").await.ok("/userSuspend/user");
        })
        .await,
    );
    root.mutate("userUnsuspend", json!({ "id": alice.id }), "user { id }").await.ok("/userUnsuspend/user");
    let again = world.anonymous.sign_in("alice").await;
    is_cut_off(
        meanwhile(&world, &again, async || {
            let input = json!({ "password": PASSWORD });
            again.mutate("accountDelete", input, "deletedId").await.ok("/accountDelete/deletedId");
        })
        .await,
    );
}

async fn an_export_is_cut_off_when_it_can_not_be_read(world: World) {
    let alice = world.user("alice").await;
    write(&world, &alice, 3_000).await;
    let outcome = meanwhile(&world, &alice, async || {
        world.database.execute("ALTER TABLE message_reactions RENAME TO gone").await;
    })
    .await;
    let text = outcome.expect_err("it is not ended as if it were whole");
    assert!(text.contains("\"messages\": [") && !text.contains("auditLog"), "{} bytes came", text.len());
    let path = alice.export_path().await;
    let answer = fetch(&world.server, &path).await;
    assert!(answer.text().await.is_err(), "nor is the next");
}

async fn an_export_is_cut_off_when_the_server_stops(world: World) {
    let alice = world.user("alice").await;
    write(&world, &alice, 3_000).await;
    is_cut_off(meanwhile(&world, &alice, async || world.server.terminate()).await);
    assert!(world.server.ended().await.success());
}

//! A full disk: what is not stored is not acknowledged, what was acknowledged is there, and reading goes on.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use tests::{Answer, Client, Database, Engine, Line, Sent, Server, Socket, User, World, claim};

#[test]
fn a_full_disk_under_sqlite_loses_nothing() {
    claim::run(Engine::Sqlite, a_full_disk_loses_nothing);
}

#[test]
fn a_full_disk_under_postgresql_loses_nothing() {
    claim::run(Engine::Postgres, a_full_tablespace_loses_nothing);
}

/// How many sends are tried before the disk has to be full.
const TRIES: usize = 400;

/// The files of the database may grow so far and no further.
async fn a_full_disk_loses_nothing(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    server.expect_errors();
    server.launch();
    server.ready().await;
    let anonymous = Client::anonymous(&server);
    let (alice, bob) = (anonymous.sign_up("alice").await, anonymous.sign_up("bob").await);
    let thread = alice.create_direct(&bob).await;
    let start = alice.event_cursor(&thread).await;
    let mut acknowledged = alice.send_many(&thread, 5).await;
    server.stop().await;

    let size = std::fs::metadata(database.directory().join("linnet.db")).unwrap().len();
    server.launch_as(limited(&server, size + 500_000));
    server.ready().await;
    let socket = Socket::connect(&server, Some(&bob.token)).await;
    let mut events = socket.events(&thread, Some(&start)).await;
    let (more, refused) = fill(&alice, &thread).await;
    acknowledged.extend(more);
    reading_goes_on(&server, &bob, &thread, &acknowledged).await;
    // The stream has what was acknowledged, and is as alive as before.
    let lines = events.until_cursor(&acknowledged.last().unwrap().cursor).await;
    let lines = lines.iter().filter(|line| line["__typename"] != "CaughtUp");
    let streamed: Vec<_> = Line::of_all(lines).into_iter().map(|line| line.cursor).collect();
    assert_eq!(streamed, acknowledged.iter().map(|sent| sent.cursor.clone()).collect::<Vec<_>>());
    // Whatever else is written fits in what little room is left, or is refused for now as well.
    let room = bob.try_create_room("A small room").await;
    if room.error_code().is_some() {
        retryable(&room);
    }

    // Room again: what was refused is sent once more under its key, and is there once.
    server.kill9();
    server.launch();
    server.ready().await;
    for input in refused {
        acknowledged.push(alice.send_with(input).await);
    }
    let found: Vec<_> = bob.history(&thread).await.into_iter().map(|(cursor, _)| cursor).collect();
    assert_eq!(found, acknowledged.iter().map(|sent| sent.cursor.clone()).collect::<Vec<_>>());
    assert_eq!(database.rows("PRAGMA integrity_check").await.len(), 1);
    let check: String = database.rows("PRAGMA integrity_check").await[0].try_get_by_index(0).unwrap();
    assert_eq!(check, "ok");
    server.stop().await;
}

/// PostgreSQL answers what it answers on a full disk: messages can be stored no more.
async fn a_full_tablespace_loses_nothing(engine: Engine) {
    let world = World::start(engine).await;
    world.server.expect_errors();
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut acknowledged = alice.send_many(&thread, 5).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, None).await;
    events.until("CaughtUp").await;
    let function = "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$";
    world.database.execute(function).await;
    world.database.execute("CREATE TRIGGER disk_full BEFORE INSERT ON messages EXECUTE FUNCTION disk_full()").await;
    let (more, refused) = fill(&alice, &thread).await;
    assert!(more.is_empty());
    reading_goes_on(&world.server, &bob, &thread, &acknowledged).await;
    world.database.execute("DROP TRIGGER disk_full ON messages").await;
    for input in refused {
        let sent = alice.send_with(input).await;
        assert_eq!(events.event().await["cursor"], sent.cursor);
        acknowledged.push(sent);
    }
    let found: Vec<_> = bob.history(&thread).await.into_iter().map(|(cursor, _)| cursor).collect();
    assert_eq!(found, acknowledged.iter().map(|sent| sent.cursor.clone()).collect::<Vec<_>>());
}

/// Sends until it is refused, and a few times more: what was acknowledged, and the inputs of what was not.
async fn fill(sender: &User, thread: &str) -> (Vec<Sent>, Vec<serde_json::Value>) {
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    for number in 0..TRIES {
        let input = json!({ "threadId": thread, "content": "🐘".repeat(4000), "clientKey": number.to_string() });
        let answer = sender.try_send_with(input.clone()).await;
        if answer.error_code().is_none() {
            let cursor = answer.text("/messageSend/cursor");
            acknowledged.push(Sent { id: answer.text("/messageSend/message/id"), cursor });
        } else {
            retryable(&answer);
            refused.push(input);
            if refused.len() == 5 {
                return (acknowledged, refused);
            }
        }
    }
    panic!("{TRIES} messages were stored on a full disk, {} of them refused", refused.len());
}

/// Fails the test unless all reads are answered, and with nothing but what was acknowledged.
async fn reading_goes_on(server: &Server, reader: &User, thread: &str, acknowledged: &[Sent]) {
    assert!(server.is_ready().await, "it still reads");
    let history = reader.history(thread).await;
    let found: Vec<_> =
        history.iter().map(|(cursor, message)| (cursor.as_str(), message["id"].as_str().unwrap())).collect();
    let expected: Vec<_> = acknowledged.iter().map(|sent| (sent.cursor.as_str(), sent.id.as_str())).collect();
    assert_eq!(found, expected);
    assert_eq!(Line::of_all(&reader.all_events(thread, None).await).len(), acknowledged.len());
    reader.graphql("{ viewer { threads(first: 5) { nodes { id } } } }", json!({})).await.ok("/viewer/threads/nodes");
}

#[track_caller]
fn retryable(answer: &Answer) {
    answer.failed("UNAVAILABLE");
    assert_ne!(answer.status, 500, "{}", answer.json);
}

/// The server under a limit to the size of its files: writing beyond it fails, and kills nobody.
fn limited(server: &Server, bytes: u64) -> Command {
    let plain = server.command(&[]);
    let mut command = Command::new("sh");
    // The shell counts in blocks of 512 or 1,024 bytes; prlimit in bytes. What is ignored stays so in what is executed.
    command.args(["-c", "trap '' XFSZ; exec prlimit --fsize=\"$1:$1\" -- \"$2\"", "sh"]);
    command.arg(bytes.to_string()).arg(plain.get_program());
    for (key, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    command.current_dir(plain.get_current_dir().unwrap_or(Path::new("/")));
    command
}

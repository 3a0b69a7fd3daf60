//! More connections than there is room for: those beyond are told so, those that are open go on, and being full costs nothing.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tests::socket::Opening;
use tests::{Client, Connection, Database, Engine, Server, Socket, World, claims, eventually};
use tokio_tungstenite::tungstenite::Error;

claims![
    beyond_the_limit_of_open_files_connections_are_told_so,
    without_a_file_descriptor_left_it_waits_and_does_not_spin,
    beyond_max_connections_connections_are_told_so,
    an_address_has_as_many_connections_as_are_allowed,
];

/// What a server may spend while nothing happens: far less than one that tries again and again.
const LITTLE: Duration = Duration::from_millis(500);

async fn beyond_the_limit_of_open_files_connections_are_told_so(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[("LINNET_DATABASE_MAX_CONNECTIONS", "4")]);
    let plain = server.command(&[]);
    let mut command = Command::new("prlimit");
    command.arg("--nofile=110:110").arg("--").arg(plain.get_program());
    for (key, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(key, value),
            None => command.env_remove(key),
        };
    }
    command.current_dir(plain.get_current_dir().unwrap_or(Path::new("/")));
    server.launch_as(command);
    server.ready().await;
    is_told(&server, 300).await;
    assert!(server.log().contains("raise the limit of open files"), "it says so");
}

async fn beyond_max_connections_connections_are_told_so(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_MAX_CONNECTIONS", "20")]).await;
    is_told(&world.server, 60).await;
}

/// Opens sockets until there is room for no more, and then closes some.
async fn is_told(server: &Server, most: usize) {
    let alice = Client::anonymous(server).sign_up("alice").await;
    let mut sockets = Vec::new();
    loop {
        match Socket::open_as(server, &Opening::default()).await {
            Ok(socket) => {
                socket.init(Some(&alice.token)).await;
                sockets.push(socket);
            }
            Err(Error::Http(answer)) if answer.status() == 503 => break,
            Err(error) => panic!("{error}"),
        }
        assert!(sockets.len() < most, "there is room for all");
    }
    assert!(sockets.len() >= 8, "{} sockets", sockets.len());
    for _ in 0..20 {
        assert_eq!(status(server, "/graphql?query=%7B__typename%7D").await, 503);
        assert_eq!(status(server, "/livez").await, 200, "whoever would else restart it is answered");
        assert_eq!(status(server, "/readyz").await, 200);
    }
    let before = spent(server);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(spent(server) - before < LITTLE, "being full costs nothing");
    for socket in &sockets {
        let mut answer = socket.subscribe("{ viewer { user { username } } }", Value::Null).await;
        assert_eq!(answer.value().await["user"]["username"], "alice", "what is open goes on");
    }
    for socket in sockets.drain(..4) {
        socket.close();
    }
    eventually("there to be room again", async || {
        (status(server, "/graphql?query=%7B__typename%7D").await == 200).then_some(())
    })
    .await;
}

/// How a request on a connection of its own is answered.
async fn status(server: &Server, path: &str) -> u16 {
    let mut connection = Connection::to(server).await;
    connection.say(format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", server.address())).await;
    connection.answer().await.expect("an answer").0.status
}

async fn without_a_file_descriptor_left_it_waits_and_does_not_spin(world: World) {
    let alice = world.user("alice").await;
    let socket = world.socket(&alice).await;
    // As many as it has, and a few more.
    let used = std::fs::read_dir(format!("/proc/{}/fd", world.server.id())).unwrap().count();
    limit(&world.server, used as u64 + 3);
    let mut served = Vec::new();
    let mut last = loop {
        let mut connection = Connection::to(&world.server).await;
        connection.say(request(&world.server)).await;
        if connection.is_silent_for(Duration::from_secs(1)).await {
            break vec![connection];
        }
        served.push(connection);
        assert!(served.len() < 50, "it has room for all");
    };
    assert!(world.server.log().contains("no connection can be accepted"), "it says so");
    little_is_spent(&world.server, &mut last).await;
    let mut answer = socket.subscribe("{ viewer { user { username } } }", Value::Null).await;
    assert_eq!(answer.value().await["user"]["username"], "alice", "what is open goes on");
    assert!(world.server.log().matches("no connection can be accepted").count() <= 3, "it says so now and then");
    drop(served);
    limit(&world.server, 512);
    assert_eq!(last[0].answer().await.expect("it is its turn").0.status, 200);
    assert!(world.server.is_ready().await);
}

async fn an_address_has_as_many_connections_as_are_allowed(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_ADDRESS_CONNECTIONS", "10")]).await;
    let mut open = Vec::new();
    let closed = loop {
        let mut connection = Connection::to(&world.server).await;
        connection.say(request(&world.server)).await;
        match connection.answer().await {
            Some((head, _)) => assert_eq!(head.status, 200),
            None => break connection,
        }
        open.push(connection);
        assert!(open.len() <= 10, "there is room for all");
    };
    drop(closed);
    // The test's own clients have one or two.
    assert!(open.len() >= 8, "{} connections", open.len());
    for connection in &mut open {
        connection.say(request(&world.server)).await;
        assert_eq!(connection.answer().await.unwrap().0.status, 200, "what is open goes on");
    }
    drop(open.pop());
    eventually("there to be room again", async || {
        let mut connection = Connection::to(&world.server).await;
        connection.say(request(&world.server)).await;
        connection.answer().await.map(|_| ())
    })
    .await;
}

/// Fails the test unless these connections wait in silence, and the server sleeps meanwhile.
async fn little_is_spent(server: &Server, waiting: &mut [Connection]) {
    let before = spent(server);
    assert!(waiting[0].is_silent_for(Duration::from_secs(3)).await, "there is no room for it");
    let spent = spent(server) - before;
    assert!(spent < LITTLE, "it spent {spent:?} in 3 seconds on nothing");
}

/// The time on a processor that the server has had.
fn spent(server: &Server) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.id())).unwrap();
    // Behind the name of the program, which may hold spaces: user and system time, in hundredths of a second.
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Changes how many files the server may open, as it runs.
fn limit(server: &Server, files: u64) {
    let id = server.id().to_string();
    let status = Command::new("prlimit").args(["--pid", &id, &format!("--nofile={files}:")]).status().unwrap();
    assert!(status.success(), "prlimit");
}

fn request(server: &Server) -> String {
    format!("GET /livez HTTP/1.1\r\nhost: {}\r\n\r\n", server.address())
}

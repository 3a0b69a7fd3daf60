//! How long a client may take for what, and how much it may say before it is answered.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::{Connection, Engine, Events, Server, World, claims};

claims![
    a_head_that_does_not_come_closes_the_connection,
    a_connection_that_waits_is_not_a_slow_head,
    a_head_behind_another_request_has_to_come_too,
    a_body_that_does_not_come_is_408,
    who_asks_nothing_for_long_is_closed,
    a_head_of_any_size_is_not_taken,
    requests_that_come_at_once_are_answered_in_order,
];

const SECOND: Duration = Duration::from_secs(1);
/// The server has a second; a busy machine may notice late.
const LATE: Duration = Duration::from_secs(8);

async fn a_head_that_does_not_come_closes_the_connection(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_HEAD_SECONDS", "1")]).await;
    for part in ["G", "GET /livez HTTP/1.1\r\n", "GET /livez HTTP/1.1\r\nhost: x\r\nx-more: "] {
        let begun = Instant::now();
        let mut connection = Connection::to(&world.server).await;
        connection.say(part).await;
        connection.ended().await;
        assert!((SECOND..LATE).contains(&begun.elapsed()), "after {:?}", begun.elapsed());
    }
    // A byte now and then is not progress.
    let begun = Instant::now();
    let mut connection = Connection::to(&world.server).await;
    connection.say("GET /livez HTTP/1.1\r\nx-more: ").await;
    while connection.is_silent_for(Duration::from_millis(200)).await {
        connection.say("x").await;
        assert!(begun.elapsed() < LATE, "it is still open");
    }
    assert!(begun.elapsed() >= SECOND);
    assert_eq!(connection.ended().await, "", "there is nothing to answer");
}

async fn a_connection_that_waits_is_not_a_slow_head(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_HEAD_SECONDS", "1")]).await;
    let mut connection = Connection::to(&world.server).await;
    for _ in 0..2 {
        assert!(connection.is_silent_for(SECOND * 5 / 2).await, "it is closed while it waits");
        connection.say(get(&world.server)).await;
        assert_eq!(connection.answer().await.unwrap().0.status, 200);
    }
}

async fn a_head_behind_another_request_has_to_come_too(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_HEAD_SECONDS", "1")]).await;
    for with_the_first in [false, true] {
        let mut connection = Connection::to(&world.server).await;
        let part = "GET /livez HTTP/1.1\r\nx-more: ";
        let first = get(&world.server);
        connection.say(if with_the_first { first + part } else { first }).await;
        assert_eq!(connection.answer().await.unwrap().0.status, 200);
        let begun = Instant::now();
        if !with_the_first {
            connection.say(part).await;
        }
        connection.ended().await;
        assert!(begun.elapsed() < LATE, "after {:?}, with the first: {with_the_first}", begun.elapsed());
    }
}

async fn a_body_that_does_not_come_is_408(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_BODY_SECONDS", "1")]).await;
    let begun = Instant::now();
    let mut connection = Connection::to(&world.server).await;
    connection.say(post(&world.server, 100)).await;
    while connection.is_silent_for(Duration::from_millis(200)).await {
        connection.say(" ").await;
        assert!(begun.elapsed() < LATE, "it is still waited for");
    }
    assert!(begun.elapsed() >= SECOND);
    let (head, body) = connection.answer().await.expect("it is told so");
    assert_eq!(head.status, 408, "{body}");
    connection.ended().await;
    // One that comes in time, in two parts.
    let mut connection = Connection::to(&world.server).await;
    let body = json!({ "query": "{ __typename }" }).to_string();
    connection.say(post(&world.server, body.len())).await;
    connection.say(&body[..5]).await;
    assert!(connection.is_silent_for(Duration::from_millis(300)).await);
    connection.say(&body[5..]).await;
    assert_eq!(connection.answer().await.unwrap().0.status, 200);
}

async fn who_asks_nothing_for_long_is_closed(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_IDLE_SECONDS", "1")]).await;
    let alice = world.user("alice").await;
    let mut stream =
        Events::ask(&world.server, Some(&alice.token), "subscription { inboxChanges { __typename } }", Value::Null)
            .await;
    assert_eq!(stream.value().await["__typename"], "InboxCaughtUp");
    let socket = world.socket(&alice).await;
    for asks in [false, true] {
        let mut connection = Connection::to(&world.server).await;
        if asks {
            connection.say(get(&world.server)).await;
            connection.answer().await.unwrap();
        }
        let begun = Instant::now();
        connection.ended().await;
        assert!((SECOND * 9 / 10..LATE).contains(&begun.elapsed()), "after {:?}", begun.elapsed());
    }
    // That is about requests: streams and sockets on which nothing happens live on.
    alice.create_room("a room").await;
    assert_eq!(stream.value().await["__typename"], "InboxThread");
    let mut query = socket.subscribe("{ __typename }", Value::Null).await;
    assert_eq!(query.value().await, "Query");
}

async fn a_head_of_any_size_is_not_taken(world: World) {
    for (bytes, status) in [(20_000, 200), (80_000, 431), (400_000, 431)] {
        let mut connection = Connection::to(&world.server).await;
        let request = get(&world.server).replace("\r\n\r\n", &format!("\r\nx-more: {}\r\n\r\n", "x".repeat(bytes)));
        connection.say(request).await;
        // It closes before it has read all, and its answer may be lost with the connection.
        let answer = connection.try_head().await.map(|answer| answer.status);
        assert!(answer == Some(status) || answer.is_none() && status == 431, "{bytes} bytes: {answer:?}");
        if status == 431 {
            connection.ended().await;
        }
    }
    let mut connection = Connection::to(&world.server).await;
    let many: String = (0..200).map(|number| format!("x-{number}: x\r\n")).collect();
    connection.say(get(&world.server).replace("\r\n\r\n", &format!("\r\n{many}\r\n"))).await;
    assert_eq!(connection.head().await.status, 431, "too many of them");
    assert!(world.server.is_ready().await);
}

async fn requests_that_come_at_once_are_answered_in_order(world: World) {
    let mut connection = Connection::to(&world.server).await;
    let mut all = String::new();
    for number in 0..20 {
        let body = json!({ "query": format!("{{ a{number}: __typename }}") }).to_string();
        all += &format!("{}{body}", post(&world.server, body.len()));
    }
    connection.say(all).await;
    for number in 0..20 {
        let (head, body) = connection.answer().await.unwrap();
        assert!(head.status == 200 && body.contains(&format!("\"a{number}\":\"Query\"")), "{number}: {body}");
    }
}

/// A request that any server answers.
fn get(server: &Server) -> String {
    format!("GET /livez HTTP/1.1\r\nhost: {}\r\n\r\n", server.address())
}

/// The head of a request with a body of so many bytes.
fn post(server: &Server, bytes: usize) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n",
        server.address()
    )
}

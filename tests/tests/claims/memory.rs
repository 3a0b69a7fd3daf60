//! What clients may hold of a server's memory, and of its time: as much as is allowed for all of them together.

use std::time::Duration;

use futures_util::future::join;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};
use tests::{Connection, Engine, Transport, User, World, claims};

use crate::streams::send_at_once;

claims![
    an_answer_has_as_much_text_as_is_allowed,
    each_answer_of_a_stream_has_as_much_text_as_is_allowed,
    an_answer_waits_until_there_is_room_for_it,
    bodies_for_which_there_is_no_room_are_told_so,
    who_reads_an_answer_by_the_byte_is_cut_off,
    a_mutation_that_takes_long_is_not_given_up,
];

/// Messages of a thread, with what they say.
const MESSAGES: &str =
    "query($id: ID!, $last: Int!) { thread(id: $id) { messages(last: $last) { nodes { content } } } }";

async fn an_answer_has_as_much_text_as_is_allowed(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_ANSWER_BYTES", "20000")]).await;
    let (alice, thread) = full_thread(&world, 6, "x").await;
    for transport in Transport::ALL {
        let ask = async |last: u32| {
            let request = json!({ "query": MESSAGES, "variables": { "id": thread, "last": last } });
            transport.ask(&world.server, Some(&alice.token), request).await
        };
        let refused = ask(6).await;
        refused.failed("TOO_EXPENSIVE");
        let told = &refused.json["errors"][0]["extensions"];
        assert_eq!((&told["measure"], &told["limit"]), (&json!("answerBytes"), &json!(20_000)), "{transport:?}");
        assert_eq!(ask(4).await.ok("/thread/messages/nodes").as_array().map(Vec::len), Some(4), "{transport:?}");
    }
}

async fn each_answer_of_a_stream_has_as_much_text_as_is_allowed(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_ANSWER_BYTES", "20000")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&start)).await;
    events.until("CaughtUp").await;
    let sent = send_at_once(&[&alice], &thread, 20, &"x".repeat(4000)).await;
    events.until_cursor(&sent.last().unwrap().cursor).await;
    // As many from the log, in frames that are made at once.
    let backlog = socket.events(&thread, Some(&start)).await.until("CaughtUp").await;
    assert!(backlog.iter().filter(|line| line["__typename"] == "MessagePosted").count() == sent.len());
}

async fn an_answer_waits_until_there_is_room_for_it(engine: Engine) {
    let settings = [("LINNET_ANSWERS_BYTES", "2097152"), ("LINNET_WRITE_SECONDS", "60")];
    let world = World::start_with(engine, &settings).await;
    let (alice, thread) = full_thread(&world, 100, "🐘").await;
    let mut jammed = Connection::narrow(&world.server, Some(16 * 1024)).await;
    let whole = request(&world, &alice, &thread, 100);
    jammed.say(&whole).await;
    assert!(!jammed.is_silent_for(Duration::from_secs(30)).await, "its answer has begun");
    // Small ones find room, one as large waits, and is told to come again in the end.
    alice.graphql(MESSAGES, json!({ "id": thread, "last": 1 })).await.ok("/thread/messages");
    let mut waiting = Connection::to(&world.server).await;
    waiting.say(&whole).await;
    let (head, body) = waiting.answer().await.expect("it is told so");
    assert_eq!((head.status, body.contains("UNAVAILABLE")), (503, true), "{body}");
    assert!(head.header("retry-after").is_some());
    waiting.say(&whole).await;
    assert!(waiting.is_silent_for(Duration::from_secs(1)).await, "it waits");
    jammed.cut();
    assert_eq!(waiting.head().await.status, 200, "there is room again");
}

async fn bodies_for_which_there_is_no_room_are_told_so(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_BODIES_BYTES", "100000")]).await;
    let query = json!({ "query": "{ __typename }" }).to_string();
    let body = |bytes: usize| query.clone() + &" ".repeat(bytes - query.len());
    let head = |bytes: usize| {
        let host = world.server.address();
        format!(
            "POST /graphql HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n"
        )
    };
    let (mut slow, mut other) = (Connection::to(&world.server).await, Connection::to(&world.server).await);
    let of_slow = body(90_000);
    slow.say(head(90_000) + &of_slow[..80_000]).await;
    assert!(slow.is_silent_for(Duration::from_millis(500)).await);
    other.say(head(50_000) + &body(50_000)).await;
    let (refused, told) = other.answer().await.expect("it is told so");
    assert_eq!((refused.status, told.contains("UNAVAILABLE")), (503, true), "{told}");
    world.anonymous.graphql("{ __typename }", Value::Null).await.ok("/__typename");
    slow.say(&of_slow[80_000..]).await;
    assert_eq!(slow.answer().await.unwrap().0.status, 200, "what had room is read");
    let mut again = Connection::to(&world.server).await;
    again.say(head(50_000) + &body(50_000)).await;
    assert_eq!(again.answer().await.unwrap().0.status, 200, "there is room again");
}

async fn who_reads_an_answer_by_the_byte_is_cut_off(engine: Engine) {
    let settings = [("LINNET_ANSWERS_BYTES", "2097152"), ("LINNET_WRITE_SECONDS", "1")];
    let world = World::start_with(engine, &settings).await;
    let (alice, thread) = full_thread(&world, 100, "🐘").await;
    let whole = request(&world, &alice, &thread, 100);
    let mut trickling = Connection::narrow(&world.server, Some(4 * 1024)).await;
    trickling.say(&whole).await;
    assert!(!trickling.is_silent_for(Duration::from_secs(30)).await, "its answer has begun");
    let trickle = tokio::spawn(async move {
        // Some 5 KB a second: it would take five minutes.
        while trickling.take(500).await > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let mut waiting = Connection::to(&world.server).await;
    waiting.say(&whole).await;
    assert_eq!(waiting.head().await.status, 200, "what it had of the memory is free");
    trickle.abort();
}

async fn a_mutation_that_takes_long_is_not_given_up(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_REQUEST_SECONDS", "1")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let connection = world.database.connect().await;
    let holding = connection.begin().await.unwrap();
    let hold = match engine {
        Engine::Sqlite => "UPDATE threads SET title = title",
        Engine::Postgres => "LOCK TABLE messages, threads IN ACCESS EXCLUSIVE MODE",
    };
    holding.execute_unprepared(hold).await.unwrap();
    let sending = alice.send(&thread, "patience");
    let releasing = async {
        if engine == Engine::Postgres {
            // A query is given up: it has changed nothing.
            let answer = bob.graphql(MESSAGES, json!({ "id": thread, "last": 1 })).await;
            answer.failed("UNAVAILABLE");
            assert_eq!(answer.status, 503);
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        holding.rollback().await.unwrap();
    };
    let (sent, ()) = join(sending, releasing).await;
    assert_eq!(bob.history(&thread).await.last().unwrap().1["id"], sent.id.as_str());
    connection.close().await.unwrap();
}

/// A user, and a thread of hers with so many messages of 4,000 times this text.
async fn full_thread(world: &World, count: usize, text: &str) -> (User, String) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    send_at_once(&[&alice], &thread, count, &text.repeat(4000)).await;
    (alice, thread)
}

/// A request for the last messages of a thread, as it is written to a connection.
fn request(world: &World, user: &User, thread: &str, last: usize) -> String {
    let body = json!({ "query": MESSAGES, "variables": { "id": thread, "last": last } }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        world.server.address(),
        user.token,
        body.len()
    )
}

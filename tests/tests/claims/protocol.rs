//! graphql-transport-ws, to the letter.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tests::socket::{Control, Opening};
use tests::{Frame, Socket, World, claims, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

claims![
    subscribing_before_the_init_closes_with_4401,
    a_second_init_closes_with_4429,
    an_id_in_use_closes_with_4409,
    an_id_is_free_again_after_its_operation,
    what_is_no_message_closes_with_4400,
    without_an_init_it_closes_with_4408,
    an_unknown_subprotocol_is_not_spoken,
    a_ping_is_answered_with_a_pong,
    queries_and_mutations_work_too,
    an_invalid_document_is_an_error_and_the_socket_stays,
    a_completed_operation_sends_no_more,
    many_operations_on_one_socket_are_apart,
];

async fn subscribing_before_the_init_closes_with_4401(world: World) {
    let socket = Socket::open(&world.server).await;
    socket.subscribe("{ __typename }", Value::Null).await;
    assert_eq!(socket.closed().await, 4401);
}

async fn a_second_init_closes_with_4429(world: World) {
    let socket = Socket::connect(&world.server, None).await;
    socket.say(json!({ "type": "connection_init" }));
    assert_eq!(socket.closed().await, 4429);
}

async fn an_id_in_use_closes_with_4409(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let socket = world.socket(&alice).await;
    let mut stream = socket.events(&room, None).await;
    stream.until("CaughtUp").await;
    socket.say(json!({ "id": stream.id(), "type": "subscribe", "payload": { "query": "{ __typename }" } }));
    assert_eq!(socket.closed().await, 4409);
}

async fn an_id_is_free_again_after_its_operation(world: World) {
    let socket = Socket::connect(&world.server, None).await;
    for _ in 0..3 {
        let mut answer = socket.listen("again");
        socket.say(json!({ "id": "again", "type": "subscribe", "payload": { "query": "{ __typename }" } }));
        assert_eq!(answer.value().await, "Query");
        answer.completed().await;
    }
}

async fn what_is_no_message_closes_with_4400(world: World) {
    let bad = [
        "nonsense".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        json!({ "type": "nothing_of_the_kind" }).to_string(),
        json!({ "type": "subscribe" }).to_string(),
        json!({ "type": "subscribe", "id": "", "payload": { "query": "{ __typename }" } }).to_string(),
        json!({ "type": "subscribe", "id": 1, "payload": { "query": "{ __typename }" } }).to_string(),
        json!({ "type": "subscribe", "id": "1" }).to_string(),
        json!({ "type": "subscribe", "id": "1", "payload": {} }).to_string(),
        json!({ "type": "subscribe", "id": "1", "payload": { "query": 1 } }).to_string(),
        json!({ "type": "subscribe", "id": "1", "payload": [{ "query": "{ __typename }" }] }).to_string(),
        json!({ "type": "complete" }).to_string(),
        "[".repeat(10_000),
    ];
    for message in bad {
        eprintln!("{message:.80}");
        let socket = Socket::connect(&world.server, None).await;
        socket.say_text(&message);
        assert_eq!(socket.closed().await, 4400, "{message}");
    }
    let socket = Socket::connect(&world.server, None).await;
    socket.say_frame(Message::binary(b"{}".to_vec()));
    assert_eq!(socket.closed().await, 4400, "a binary frame");
}

async fn without_an_init_it_closes_with_4408(world: World) {
    let socket = Socket::open(&world.server).await;
    assert_eq!(socket.closed().await, 4408);
}

async fn an_unknown_subprotocol_is_not_spoken(world: World) {
    for protocol in [Some("graphql-ws"), Some("nonsense"), None] {
        // By hand, because a client of the library gives up before the close frame comes.
        let mut stream = TcpStream::connect(world.server.address()).await.unwrap();
        let offer = protocol.map(|name| format!("sec-websocket-protocol: {name}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /graphql HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{offer}\r\n",
            world.server.address()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within("the head of the answer", stream.read_u8()).await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101"), "{protocol:?}: {head}");
        let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        let Some(Ok(Message::Close(Some(close)))) = within("the close frame", socket.next()).await else {
            panic!("a close frame is expected for {protocol:?}");
        };
        assert_eq!(u16::from(close.code), 4406);
    }
    let opening = Opening { protocol: Some("nonsense, graphql-transport-ws"), ..Opening::default() };
    let socket = Socket::open_as(&world.server, &opening).await;
    socket.expect("one known name among others will do").init(None).await;
}

async fn a_ping_is_answered_with_a_pong(world: World) {
    let socket = Socket::open(&world.server).await;
    socket.say(json!({ "type": "ping" }));
    let pong = socket.control().await;
    assert!(matches!(&pong, Control::Message(message) if message["type"] == "pong"), "{pong:?}");
    socket.init(None).await;
    socket.say(json!({ "type": "ping", "payload": { "a": 1 } }));
    let pong = socket.control().await;
    assert!(matches!(&pong, Control::Message(message) if message["type"] == "pong"), "{pong:?}");
    socket.say(json!({ "type": "pong" }));
    let mut answer = socket.subscribe("{ __typename }", Value::Null).await;
    assert_eq!(answer.value().await, "Query", "a pong that nobody asked for is welcome");
}

async fn queries_and_mutations_work_too(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&alice).await;
    let document = "mutation($t: ID!) { messageSend(input: { threadId: $t, content: \"by socket\" }) { \
        message { content sender { id } } errors { code } } }";
    let mut answer = socket.subscribe(document, json!({ "t": thread })).await;
    let payload = answer.value().await;
    let expected = json!({ "message": { "content": "by socket", "sender": { "id": alice.id } }, "errors": [] });
    assert_eq!(payload, expected);
    answer.completed().await;
    let document = "query($t: ID!) { thread(id: $t) { messages(last: 1) { nodes { content } } } }";
    let mut answer = socket.subscribe(document, json!({ "t": thread })).await;
    assert_eq!(answer.value().await, json!({ "messages": { "nodes": [{ "content": "by socket" }] } }));
    answer.completed().await;
}

async fn an_invalid_document_is_an_error_and_the_socket_stays(world: World) {
    let socket = Socket::connect(&world.server, None).await;
    for document in ["{ nothing }", "{", "", "subscription { nothing }", "{ ...F } fragment F on Query { ...F }"] {
        let mut answer = socket.subscribe(document, Value::Null).await;
        let frame = answer.next().await;
        let Frame::Error(errors) = &frame else { panic!("{document:?} is answered with {frame:?}") };
        assert!(errors[0]["message"].is_string(), "{errors}");
    }
    let nested = format!("{{ a{}{} }}", "{ a ".repeat(20_000 / 4), "}".repeat(20_000 / 4));
    let mut answer = socket.subscribe(&nested, Value::Null).await;
    assert!(matches!(answer.next().await, Frame::Error(_)));
    let mut answer = socket.subscribe("{ __typename }", Value::Null).await;
    assert_eq!(answer.value().await, "Query");
}

async fn a_completed_operation_sends_no_more(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&alice).await;
    let mut first = socket.events(&thread, None).await;
    let mut second = socket.events(&thread, None).await;
    first.until("CaughtUp").await;
    second.until("CaughtUp").await;
    socket.complete(&first);
    // Answered after the complete was read: whatever the first stream still had to say is said.
    let mut marker = socket.subscribe("{ __typename }", Value::Null).await;
    marker.value().await;
    while first.try_next().is_some() {}
    for _ in 0..3 {
        let sent = bob.send(&thread, "x").await;
        assert_eq!(second.event().await["cursor"], sent.cursor.as_str());
    }
    assert_eq!(first.try_next(), None);
    socket.say(json!({ "id": first.id(), "type": "complete" }));
    let mut marker = socket.subscribe("{ __typename }", Value::Null).await;
    assert_eq!(marker.value().await, "Query", "to complete what is complete does no harm");
}

async fn many_operations_on_one_socket_are_apart(world: World) {
    let alice = world.user("alice").await;
    let crowd = world.crowd("other", 5).await;
    let socket = world.socket(&alice).await;
    let mut streams = Vec::new();
    for other in &crowd {
        let thread = world.direct(&alice, other).await;
        let mut stream = socket.events(&thread, None).await;
        stream.until("CaughtUp").await;
        streams.push((thread, stream));
    }
    for round in 0..3 {
        for ((thread, _), other) in streams.iter().zip(&crowd) {
            other.send(thread, &format!("{round} from {}", other.username)).await;
        }
    }
    for ((_, stream), other) in streams.iter_mut().zip(&crowd) {
        for round in 0..3 {
            let mut frame = stream.event().await;
            while frame["__typename"] == "ReceiptsAdvanced" {
                frame = stream.event().await;
            }
            assert_eq!(frame["message"]["content"], format!("{round} from {}", other.username));
        }
    }
}

//! What one socket may take, and an account with all of its sockets: refused or slowed down by itself, at nobody else's cost.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tests::socket::{Control, Opening, raw};
use tests::{Engine, Events, Frame, Proxy, Socket, Subscription, User, World, claims, eventually, within};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as Part;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::streams::send_at_once;

claims![
    a_message_has_at_most_64_kib,
    a_socket_has_at_most_100_operations,
    who_says_much_is_read_more_slowly_and_not_closed,
    an_account_has_as_many_sockets_as_are_allowed,
    who_reads_nothing_is_cut_off_and_others_go_on,
    a_hot_stream_does_not_hold_up_a_quiet_one,
    heavy_who_answers_no_pings_is_closed,
    heavy_who_is_cut_off_and_not_told_so_is_gone_within_a_minute,
];

async fn a_message_has_at_most_64_kib(world: World) {
    let message = |bytes: usize| {
        let payload = json!({ "query": "{ __typename }", "extensions": { "a": "" } });
        let message = json!({ "id": "1", "type": "subscribe", "payload": payload }).to_string();
        message.replace("\"a\":\"\"", &format!("\"a\":\"{}\"", "x".repeat(bytes - message.len())))
    };
    assert_eq!(message(65_536).len(), 65_536);
    let socket = Socket::connect(&world.server, None).await;
    let mut answer = socket.listen("1");
    socket.say_text(&message(65_536));
    assert_eq!(answer.value().await, "Query");
    answer.completed().await;
    socket.say_text(&message(65_537));
    assert_eq!(socket.closed().await, 1009);
    let socket = Socket::open(&world.server).await;
    socket.say_text(&" ".repeat(100_000));
    assert_eq!(socket.closed().await, 1009, "before it has said who it is");
    // In parts, too.
    let mut stream = raw(&world.server, &Opening::default()).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    for number in 0..5 {
        let code = OpCode::Data(if number == 0 { Data::Text } else { Data::Continue });
        let part = Part::message(vec![b' '; 20_000], code, false);
        let _ = stream.send(Message::Frame(part)).await;
    }
    assert_eq!(end_of(&mut stream).await, Some(1009));
    // A length that is told is believed.
    let mut stream = raw(&world.server, &Opening::default()).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    stream.get_mut().write_all(&[0x81, 0xff, 0, 0, 0, 0x10, 0, 0, 0, 0, 1, 2, 3, 4]).await.unwrap();
    assert_eq!(end_of(&mut stream).await, Some(1009));
}

/// The code of the close frame that ends a stream of messages.
async fn end_of(stream: &mut tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>) -> Option<u16> {
    loop {
        match within("the end of the socket", stream.next()).await {
            Some(Ok(Message::Close(close))) => return close.map(|close| close.code.into()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

async fn a_socket_has_at_most_100_operations(world: World) {
    let alice = world.user("alice").await;
    let socket = world.socket(&alice).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(socket.inbox(None).await);
    }
    for stream in &mut streams {
        stream.until("InboxCaughtUp").await;
    }
    for _ in 0..2 {
        for document in ["subscription { inboxChanges { cursor } }", "{ __typename }"] {
            socket.subscribe(document, Value::Null).await.failed("TOO_MANY_OPERATIONS").await;
        }
    }
    // The socket stays, and so do its streams.
    alice.create_room("a room").await;
    for stream in &mut streams {
        assert_eq!(stream.event().await["__typename"], "InboxThread");
    }
    socket.complete(&streams[50]);
    let mut another = socket.inbox(None).await;
    another.until("InboxCaughtUp").await;
    // What is answered at once gives its place back at once.
    socket.complete(&another);
    for _ in 0..20 {
        let mut once = socket.subscribe("{ __typename }", Value::Null).await;
        assert_eq!(once.value().await, "Query");
        once.completed().await;
    }
}

async fn who_says_much_is_read_more_slowly_and_not_closed(world: World) {
    let other = Socket::connect(&world.server, None).await;
    let socket = Socket::connect(&world.server, None).await;
    let begun = Instant::now();
    for number in 0..350 {
        socket.say(json!({ "type": "ping", "payload": { "number": number } }));
    }
    let mut first_200 = None;
    for number in 0..350 {
        let Control::Message(pong) = socket.control().await else { panic!("it is closed after {number} pings") };
        assert_eq!(pong, json!({ "type": "pong", "payload": { "number": number } }));
        if number == 150 {
            first_200 = Some(begun.elapsed());
            // Another one has a budget of its own.
            assert_eq!(other.subscribe("{ __typename }", Value::Null).await.value().await, "Query");
        }
    }
    // 200 at once, and then 50 a second: the last 150 take 3 seconds.
    assert!(begun.elapsed() > Duration::from_millis(2500), "all are read in {:?}", begun.elapsed());
    assert!(first_200.is_some_and(|time| time + Duration::from_secs(2) < begun.elapsed()), "{first_200:?}");
    assert_eq!(socket.subscribe("{ __typename }", Value::Null).await.value().await, "Query");
}

async fn an_account_has_as_many_sockets_as_are_allowed(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_ACCOUNT_SOCKETS", "2")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let elsewhere = world.anonymous.sign_in("alice").await;
    let first = world.socket(&alice).await;
    let document = "subscription { inboxChanges { __typename } }";
    let mut second = Events::ask(&world.server, Some(&elsewhere.token), document, Value::Null).await;
    assert_eq!(second.value().await["__typename"], "InboxCaughtUp");
    for user in [&alice, &elsewhere] {
        let third = Socket::open(&world.server).await;
        let payload = json!({ "authorization": format!("Bearer {}", user.token) });
        third.say(json!({ "type": "connection_init", "payload": payload }));
        assert_eq!(third.closed().await, 1013);
        assert_eq!(Events::ask(&world.server, Some(&user.token), document, Value::Null).await.head.status, 429);
    }
    // Others are not concerned, nor is who asks without a stream.
    world.socket(&bob).await;
    Socket::connect(&world.server, None).await;
    alice.graphql("{ viewer { user { id } } }", Value::Null).await.ok("/viewer/user/id");
    for gone in [false, true] {
        if gone {
            first.close();
        } else {
            second.cut();
            second = Events::ask(&world.server, None, "{ __typename }", Value::Null).await;
        }
        let socket = eventually("a place to be free", async || {
            let socket = Socket::open(&world.server).await;
            let payload = json!({ "authorization": format!("Bearer {}", alice.token) });
            socket.say(json!({ "type": "connection_init", "payload": payload }));
            matches!(socket.control().await, Control::Message(_)).then_some(socket)
        })
        .await;
        assert_eq!(socket.subscribe("{ __typename }", Value::Null).await.value().await, "Query");
    }
}

async fn who_reads_nothing_is_cut_off_and_others_go_on(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_WRITE_SECONDS", "2")]).await;
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let of_alice = world.socket(&alice).await;
    let mut heard = of_alice.signals(&group).await;
    let of_carol = world.socket(&carol).await;
    let mut events = of_carol.events_of(&group, None, Some(&["MESSAGE_POSTED"])).await;
    events.until("CaughtUp").await;
    let opening = Opening { receive_buffer: Some(16 * 1024), ..Opening::default() };
    let stalled = Socket::open_as(&world.server, &opening).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    stalled.init(Some(&bob.token)).await;
    let mut streams = vec![stalled.signals(&group).await];
    for _ in 0..6 {
        let mut stream = stalled.events(&group, None).await;
        stream.until("CaughtUp").await;
        streams.push(stream);
    }
    presence(&mut heard, &bob, true).await;
    stalled.pause();
    let begun = Instant::now();
    let sent = send_at_once(&[&alice], &group, 40, &"🐘".repeat(4000)).await;
    for one in &sent {
        assert_eq!(events.event().await["cursor"], one.cursor, "who reads misses nothing");
    }
    presence(&mut heard, &bob, false).await;
    assert!(begun.elapsed() > Duration::from_secs(2), "it has its time");
    let last = alice.send(&group, "and on").await;
    assert_eq!(events.event().await["cursor"], last.cursor);
    stalled.resume();
    while let Control::Message(_) = stalled.control().await {}
    // Whoever comes back goes on.
    let socket = world.socket(&bob).await;
    let mut again = socket.events_of(&group, Some(&sent[38].cursor), Some(&["MESSAGE_POSTED"])).await;
    assert_eq!(again.until("CaughtUp").await.len(), 2);
}

async fn a_hot_stream_does_not_hold_up_a_quiet_one(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (hot, quiet) = (world.group(&alice, &[&bob]).await, world.direct(&alice, &bob).await);
    let first = alice.send(&hot, "the first").await;
    // More than fits between a server and a client, and in the server's queue, by far.
    let count = send_at_once(&[&alice], &hot, 240, &"🐘".repeat(4000)).await.len();
    let opening = Opening { receive_buffer: Some(16 * 1024), ..Opening::default() };
    let mut socket = raw(&world.server, &opening).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    let authorization = format!("Bearer {}", bob.token);
    let say = |message: Value| Message::text(message.to_string());
    socket
        .send(say(json!({ "type": "connection_init", "payload": { "authorization": authorization } })))
        .await
        .unwrap();
    let query = "subscription($t: ID!, $a: Cursor) { messageAdded(threadId: $t, after: $a) { node { content } } }";
    let subscribe = |id: &str, thread: &str, after: Option<&str>| {
        let payload = json!({ "query": query, "variables": { "t": thread, "a": after } });
        say(json!({ "id": id, "type": "subscribe", "payload": payload }))
    };
    socket.send(subscribe("quiet", &quiet, None)).await.unwrap();
    // Both begin before anything is said in the quiet thread: the answer to the ping comes behind them.
    socket.send(subscribe("hot", &hot, Some(&first.cursor))).await.unwrap();
    let mut of_hot = 0;
    let mut read = async |until: &str| loop {
        let Some(Ok(Message::Text(text))) = within("a message", socket.next()).await else { panic!("it is closed") };
        let message: Value = serde_json::from_str(&text).unwrap();
        of_hot += usize::from(message["id"] == "hot");
        assert_ne!(message["type"], "error", "{message}");
        if message["id"] == until {
            return of_hot;
        }
    };
    read("hot").await;
    // While nothing is read, all on the way is full with the hot stream's.
    alice.send(&quiet, "hello").await;
    let before = read("quiet").await;
    assert!(before < count / 2, "the quiet stream's came behind {before} of {count} of the hot one's");
}

async fn heavy_who_answers_no_pings_is_closed(world: World) {
    const SILENCE: Duration = Duration::from_secs(40);
    let alice = world.user("alice").await;
    let answering = world.socket(&alice).await;
    let mut silent = raw(&world.server, &Opening::default()).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    let payload = json!({ "authorization": format!("Bearer {}", alice.token) });
    silent.send(Message::text(json!({ "type": "connection_init", "payload": payload }).to_string())).await.unwrap();
    let begun = Instant::now();
    let mut pings = 0;
    let code = tokio::time::timeout(SILENCE * 2, async {
        loop {
            match silent.next().await {
                Some(Ok(Message::Text(text))) => pings += usize::from(text.contains("\"ping\"")),
                Some(Ok(Message::Close(Some(close)))) => return u16::from(close.code),
                other => panic!("a ping or a close frame is expected, not {other:?}"),
            }
        }
    });
    assert_eq!(code.await.expect("it is closed"), 1001);
    assert!(begun.elapsed() >= SILENCE && pings >= 2, "after {:?} and {pings} pings", begun.elapsed());
    assert_eq!(answering.subscribe("{ __typename }", Value::Null).await.value().await, "Query");
}

/// A network that drops all packets, and closes nothing: neither end is told.
async fn heavy_who_is_cut_off_and_not_told_so_is_gone_within_a_minute(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let of_alice = world.socket(&alice).await;
    let mut heard = of_alice.signals(&group).await;
    let proxy = Proxy::to(world.server.address()).await;
    let opening = Opening { through: Some(proxy.address()), ..Opening::default() };
    let mut cut_off = Vec::new();
    for user in [&bob, &carol] {
        let socket =
            Socket::open_as(&world.server, &opening).await.unwrap_or_else(|error| panic!("no socket: {error}"));
        socket.init(Some(&user.token)).await;
        let signals = socket.signals(&group).await;
        presence(&mut heard, user, true).await;
        cut_off.push((socket, signals));
    }
    proxy.swallow();
    let begun = Instant::now();
    while world.server.metrics().await.sum("linnet_sockets", &[]) > 1.5 {
        assert!(begun.elapsed() < Duration::from_mins(1), "they are still there");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut there = 2;
    while there > 0 {
        there -= usize::from(heard.value().await["online"] == false);
    }
    assert_eq!(of_alice.subscribe("{ __typename }", Value::Null).await.value().await, "Query");
}

/// Waits for the word that this user is there, or is gone.
async fn presence(signals: &mut Subscription, user: &User, online: bool) {
    loop {
        let Frame::Next(payload) = signals.next().await else { panic!("a signal is expected") };
        let signal = &payload["data"]["threadSignals"];
        if signal["user"]["id"] == user.id.as_str() && signal["online"] == online {
            return;
        }
    }
}

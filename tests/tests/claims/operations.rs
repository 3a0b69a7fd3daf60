//! The operations of one socket: an id belongs to the operation that has it now, however quickly it changes hands.

use serde_json::json;
use tests::{Frame, Socket, Subscription, User, World, claims};

claims![
    an_id_that_changed_hands_is_in_use,
    an_operation_under_a_used_id_can_be_completed,
    operations_under_used_ids_end_with_their_socket,
];

/// Ids that change hands at once.
const IDS: usize = 30;

async fn an_id_that_changed_hands_is_in_use(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let of_alice = world.socket(&alice).await;
    let mut heard = of_alice.signals(&thread).await;
    for asked_again in 0..8 {
        let socket = world.socket(&bob).await;
        let streams = streams_under_used_ids(&socket, &thread, &bob).await;
        presence(&mut heard, &bob, true).await;
        let id = streams[asked_again * IDS / 8].id();
        socket.say(json!({ "id": id, "type": "subscribe", "payload": { "query": "{ __typename }" } }));
        assert_eq!(socket.closed().await, 4409, "{id}");
        presence(&mut heard, &bob, false).await;
    }
}

async fn an_operation_under_a_used_id_can_be_completed(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let of_alice = world.socket(&alice).await;
    let mut heard = of_alice.signals(&thread).await;
    let socket = world.socket(&bob).await;
    for _ in 0..4 {
        let mut streams = streams_under_used_ids(&socket, &thread, &bob).await;
        presence(&mut heard, &bob, true).await;
        for stream in &streams {
            socket.complete(stream);
        }
        // All of them have ended: he is no longer there, though his socket is, and none of them hears any more.
        presence(&mut heard, &bob, false).await;
        for stream in &mut streams {
            while stream.try_next().is_some() {}
        }
        let mut again = signals(&socket, "again", &thread);
        presence(&mut again, &bob, true).await;
        alice.try_type(&thread).await.ok("/typingSignal");
        while again.value().await["__typename"] != "Typing" {}
        for stream in &mut streams {
            assert!(!heard_typing(stream), "{} was completed", stream.id());
        }
        socket.complete(&again);
        presence(&mut heard, &bob, false).await;
    }
}

async fn operations_under_used_ids_end_with_their_socket(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let of_alice = world.socket(&alice).await;
    let mut heard = of_alice.signals(&thread).await;
    for closing in [true, false, true] {
        let socket = world.socket(&bob).await;
        let _streams = streams_under_used_ids(&socket, &thread, &bob).await;
        presence(&mut heard, &bob, true).await;
        if closing {
            socket.close();
        } else {
            socket.cut().await;
        }
        presence(&mut heard, &bob, false).await;
    }
}

/// A stream of signals under each of many ids that queries had just before: some completed, some not yet answered, some
/// answered by then. Returns once all of them have begun.
async fn streams_under_used_ids(socket: &Socket, thread: &str, user: &User) -> Vec<Subscription> {
    let mut streams = Vec::new();
    for number in 0..IDS {
        let id = format!("id{number}");
        for _ in 0..number % 4 {
            socket.say(json!({ "id": id, "type": "subscribe", "payload": { "query": "{ __typename }" } }));
            socket.say(json!({ "id": id, "type": "complete" }));
        }
        if number % 4 == 0 {
            // One that ends by itself: the id is free as soon as it says so.
            let mut query = socket.listen(&id);
            socket.say(json!({ "id": id, "type": "subscribe", "payload": { "query": "{ __typename }" } }));
            assert_eq!(query.value().await, "Query");
            query.completed().await;
        }
        streams.push(signals(socket, &id, thread));
    }
    for stream in &mut streams {
        presence(stream, user, true).await;
    }
    streams
}

/// `threadSignals` under an id of one's own choice.
fn signals(socket: &Socket, id: &str, thread: &str) -> Subscription {
    let stream = socket.listen(id);
    let query = "subscription($thread: ID!) { threadSignals(threadId: $thread) { \
        __typename ... on Presence { user { id } online } } }";
    let payload = json!({ "query": query, "variables": { "thread": thread } });
    socket.say(json!({ "id": id, "type": "subscribe", "payload": payload }));
    stream
}

/// Waits for the word that this user is there, or is gone; what a query under the same id still had to say is passed
/// over.
async fn presence(stream: &mut Subscription, user: &User, online: bool) {
    loop {
        match stream.next().await {
            Frame::Next(payload) => {
                let signal = &payload["data"]["threadSignals"];
                if signal["user"]["id"] == user.id.as_str() && signal["online"] == online {
                    return;
                }
            }
            Frame::Complete => {}
            other => panic!("a signal is expected, not {other:?}"),
        }
    }
}

/// Whether there is typing in what has come.
fn heard_typing(stream: &mut Subscription) -> bool {
    std::iter::from_fn(|| stream.try_next()).any(|frame| match frame {
        Frame::Next(payload) => payload["data"]["threadSignals"]["__typename"] == "Typing",
        _ => false,
    })
}

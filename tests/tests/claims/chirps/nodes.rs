//! One feed on two nodes, with NATS between them and without.

use futures_util::future::{join, join_all};
use serde_json::json;
use tests::{Engine, Nats, Nodes, Sent, Socket, eventually, postgres_claims};

postgres_claims![
    what_is_said_on_one_node_is_streamed_on_the_other,
    without_nats_chirps_come_by_the_nodes_own_look,
    two_nodes_write_one_feed_in_one_order,
];

async fn what_is_said_on_one_node_is_streamed_on_the_other(_: Engine) {
    // Nobody looks by themselves: what comes, came by a hint.
    let nodes = Nodes::start_with(Nats::start().await, &[("LINNET_HUB_LOOK_MS", "3600000")]).await;
    let alice = nodes.a.user("alice").await;
    let socket = Socket::connect(&nodes.b.server, None).await;
    let mut stream = socket.chirps(None).await;
    stream.until("CaughtUp").await;
    // The nodes find their NATS by themselves, each in its own time.
    let mut said = Vec::new();
    let first = eventually("hints to flow", async || {
        said.push(alice.chirp("hello").await);
        stream.try_next()
    })
    .await;
    let tests::Frame::Next(payload) = first else { panic!("{first:?}") };
    let mut cursors = vec![payload["data"]["chirpEvents"]["cursor"].clone()];
    said.push(alice.chirp("the last").await);
    while cursors.len() < said.len() {
        cursors.push(stream.event().await["cursor"].clone());
    }
    assert_eq!(cursors, said.iter().map(|sent| json!(sent.cursor)).collect::<Vec<_>>());
}

async fn without_nats_chirps_come_by_the_nodes_own_look(_: Engine) {
    // NATS has not been there once.
    let nodes = Nodes::start_with(Nats::prepare(), &[]).await;
    let alice = nodes.a.user("alice").await;
    let socket = Socket::connect(&nodes.b.server, None).await;
    let mut stream = socket.chirps(None).await;
    stream.until("CaughtUp").await;
    for _ in 0..3 {
        let sent = alice.chirp("hello").await;
        assert_eq!(stream.event().await["cursor"], sent.cursor);
    }
}

async fn two_nodes_write_one_feed_in_one_order(nodes: Nodes) {
    let (on_a, on_b) = join(nodes.a.crowd("first", 4), nodes.b.crowd("second", 4)).await;
    let start = nodes.a.anonymous.feed_cursor().await;
    let sockets = join(Socket::connect(&nodes.a.server, None), Socket::connect(&nodes.b.server, None)).await;
    let (mut of_a, mut of_b) = (sockets.0.chirps(Some(&start)).await, sockets.1.chirps(Some(&start)).await);
    let talking = on_a.iter().chain(&on_b).map(async |author| {
        let mut all = Vec::new();
        for number in 0..25 {
            all.push(author.chirp(&number.to_string()).await);
        }
        all
    });
    let mut all: Vec<Sent> = join_all(talking).await.into_iter().flatten().collect();
    all.sort();
    let expected: Vec<_> = all.iter().map(|sent| (json!(sent.cursor), json!(sent.id))).collect();
    for stream in [&mut of_a, &mut of_b] {
        let mut frames = stream.until_cursor(&all.last().unwrap().cursor).await;
        frames.retain(|frame| frame["__typename"] != "CaughtUp");
        let seen: Vec<_> = frames.iter().map(|frame| (frame["cursor"].clone(), frame["chirp"]["id"].clone())).collect();
        assert_eq!(seen, expected, "each node streams all of it, once and in order");
    }
}

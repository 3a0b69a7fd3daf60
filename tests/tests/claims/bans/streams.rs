//! A ban ends what the banned person watches, wherever that is, and nothing else.

use serde_json::json;
use tests::{Events, Nodes, Socket, User, World, claims};

use crate::removal::{until_refused, until_revoked};

claims![a_ban_ends_the_streams_of_the_banned];

mod of_nodes {
    use super::a_ban_ends_the_streams_of_the_banned_on_every_node;

    tests::postgres_claims![a_ban_ends_the_streams_of_the_banned_on_every_node];
}

/// Whoever watches a room on this node is cut off by a ban that is made on that one, and shown nothing of what follows.
async fn watched_here_banned_there(here: &World, there: &World, users: [&User; 3], room: &str) {
    let [alice, bob, carol] = users;
    // One of them is a member, and the other one looks on from outside.
    for watcher in [bob, carol] {
        let start = alice.event_cursor(room).await;
        let socket = Socket::connect(&here.server, Some(&watcher.token)).await;
        let mut events = socket.events(room, Some(&start)).await;
        events.until("CaughtUp").await;
        let mut messages = socket.messages(room, Some(&start)).await;
        let mut signals = socket.signals(room).await;
        let document = "subscription($id: ID!) { threadEvents(threadId: $id) { __typename cursor } }";
        let mut over_http = Events::ask(&here.server, Some(&watcher.token), document, json!({ "id": room })).await;
        over_http.until("CaughtUp").await;
        let banned = there.here(alice).ban(room, watcher).await;
        let secret = there.here(alice).send(room, "a secret").await;
        let frames = until_revoked(&mut events).await;
        assert!(frames.iter().all(|frame| frame["cursor"].as_str().unwrap() <= banned.as_str()), "{frames:?}");
        assert!(until_refused(&mut messages).await.is_empty());
        until_refused(&mut signals).await;
        assert!(over_http.until("AccessRevoked").await.iter().all(|frame| frame["cursor"] == banned.as_str()));
        over_http.completed().await;
        // The socket is as good as before.
        let other = alice.create_direct(watcher).await;
        socket.events(&other, None).await.until("CaughtUp").await;
        // Taken up again where the secret is, nothing comes.
        socket.events(room, Some(&banned)).await.failed("NOT_FOUND").await;
        let node = "query($id: ID!) { node(id: $id) { id } }";
        assert_eq!(watcher.graphql(node, json!({ "id": secret.id })).await.ok("/node"), &json!(null));
    }
}

async fn a_ban_ends_the_streams_of_the_banned(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    watched_here_banned_there(&world, &world, [&alice, &bob, &carol], &room).await;
}

async fn a_ban_ends_the_streams_of_the_banned_on_every_node(nodes: Nodes) {
    let [alice, bob, carol] = nodes.a.users(["alice", "bob", "carol"]).await;
    let room = nodes.a.room_of(&alice, &[&bob]).await;
    watched_here_banned_there(&nodes.b, &nodes.a, [&alice, &bob, &carol], &room).await;
}

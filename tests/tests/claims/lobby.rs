//! The lobby: a room that is there from the first start, where whoever has a name talks.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Client, Database, Engine, Nats, Nodes, Server, User, World, claims, postgres_claims};

use crate::statements::statements_of;

mod nodes {
    use super::*;

    postgres_claims![two_nodes_that_start_at_once_make_one_lobby];

    async fn two_nodes_that_start_at_once_make_one_lobby(_: Engine) {
        let nodes = Nodes::start_with(Nats::prepare(), LOBBY).await;
        assert_eq!(nodes.a.database.number("SELECT COUNT(*) FROM threads").await, 1);
        assert_eq!(nodes.a.database.number("SELECT COUNT(*) FROM room_activity").await, 1);
        assert_eq!(lobby(&nodes.a.anonymous).await, lobby(&nodes.b.anonymous).await);
    }
}

claims![
    the_lobby_is_there_from_the_first_start_and_stays_the_one,
    servers_that_start_again_and_again_make_one_lobby,
    a_guest_joins_the_lobby_by_name_alone_and_talks,
    the_last_hundred_messages_come_with_their_users_in_a_few_statements,
    whoever_administers_the_installation_manages_the_lobby,
    nobody_else_manages_the_lobby,
    who_administers_no_longer_manages_the_lobby_no_longer,
    nobody_follows_who_managed_the_lobby,
    where_none_is_wanted_there_is_no_lobby,
];

const LOBBY: &[(&str, &str)] = &[("LINNET_LOBBY", "on")];

/// The lobby as somebody sees it.
async fn lobby(client: &Client) -> Value {
    let document = "{ lobby { id title kind participantCount createdBy { id } } rooms(first: 100) { nodes { id } } }";
    let answer = client.graphql(document, Value::Null).await;
    let lobby = answer.ok("/lobby").clone();
    let listed = answer.list("/rooms/nodes").iter().filter(|room| room["id"] == lobby["id"]).count();
    assert_eq!(listed, usize::from(!lobby.is_null()), "it is one of the rooms");
    lobby
}

async fn id(client: &Client) -> String {
    lobby(client).await["id"].as_str().expect("there is a lobby").to_owned()
}

async fn the_lobby_is_there_from_the_first_start_and_stays_the_one(engine: Engine) {
    let world = World::start_with(engine, LOBBY).await;
    let first = lobby(&world.anonymous).await;
    assert_eq!(
        (&first["title"], &first["kind"], &first["participantCount"]),
        (&json!("lobby"), &json!("ROOM"), &json!(0))
    );
    assert!(first["createdBy"].is_null());
    let alice = world.user("alice").await;
    let id = id(&alice).await;
    alice.join(&id).await;
    let sent = alice.send(&id, "first!").await;
    world.server.restart().await;
    assert_eq!(lobby(&world.anonymous).await["id"], first["id"]);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM threads").await, 1);
    assert_eq!(alice.event_cursor(&id).await, sent.cursor, "what was said there is there");
}

async fn servers_that_start_again_and_again_make_one_lobby(engine: Engine) {
    let database = Database::create(engine).await;
    for _ in 0..3 {
        let server = Server::start(&database, LOBBY).await;
        server.stop().await;
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM threads WHERE title = 'lobby'").await, 1);
}

async fn a_guest_joins_the_lobby_by_name_alone_and_talks(engine: Engine) {
    let world = World::start_with(engine, LOBBY).await;
    let room = id(&world.anonymous).await;
    let (one, other) = (world.guest("alice").await, world.guest("bob").await);
    for guest in [&one, &other] {
        guest.join(&room).await;
    }
    let socket = world.socket(&other).await;
    let before = other.event_cursor(&room).await;
    let mut heard = socket.messages(&room, Some(&before)).await;
    let sent = one.send(&room, "Hello everyone!").await;
    let edge = heard.value().await;
    assert_eq!((&edge["node"]["id"], &edge["node"]["content"]), (&json!(sent.id), &json!("Hello everyone!")));
    other.send(&room, "Hi Alice!").await;
    let document =
        "query($id: ID!) { thread(id: $id) { messages(last: 2) { nodes { content sender { username kind } } } } }";
    let answer = world.anonymous.graphql(document, json!({ "id": room })).await;
    let said = |name: &str, text: &str| json!({ "content": text, "sender": { "username": name, "kind": "GUEST" } });
    assert_eq!(
        answer.ok("/thread/messages/nodes"),
        &json!([said("alice", "Hello everyone!"), said("bob", "Hi Alice!")])
    );
    // A name is somebody's, whatever the case.
    let taken = world.anonymous.mutate("sessionCreateGuest", json!({ "username": "ALICE" }), "accessToken").await;
    taken.refused("sessionCreateGuest", "TAKEN", &["username"]);
}

async fn the_last_hundred_messages_come_with_their_users_in_a_few_statements(engine: Engine) {
    let world = World::start_with(engine, LOBBY).await;
    let room = id(&world.anonymous).await;
    let guests =
        join_all((0..10).map(|number| world.anonymous.enter_as_guest(&*format!("guest{number}").leak()))).await;
    for guest in &guests {
        guest.join(&room).await;
    }
    for number in 0..120 {
        guests[number % 10].send(&room, &format!("message {number}")).await;
    }
    let document = "query($id: ID!, $last: Int!) { thread(id: $id) { messages(last: $last) { nodes { \
        id content createdAt sender { id username createdAt } } } } }";
    let mut counts = Vec::new();
    for last in [10, 100] {
        let (answer, statements) =
            statements_of(&world, &guests[0], document, json!({ "id": room, "last": last })).await;
        let nodes = answer.list("/thread/messages/nodes");
        assert_eq!((nodes.len(), &nodes[last - 1]["content"]), (last, &json!("message 119")));
        assert!(nodes.iter().all(|node| node["sender"]["username"].is_string()));
        counts.push(statements);
    }
    assert_eq!(counts[0].len(), counts[1].len(), "{counts:#?}");
    // Who asks, the right to read, the messages, their users.
    assert!(counts[0].len() <= 4, "{counts:#?}");
}

async fn role(user: &User, room: &str) -> Value {
    let document = "query($id: ID!) { thread(id: $id) { viewerState { role canManage } } }";
    user.graphql(document, json!({ "id": room })).await.ok("/thread/viewerState").clone()
}

async fn whoever_administers_the_installation_manages_the_lobby(engine: Engine) {
    let world = World::start_with(engine, LOBBY).await;
    let room = id(&world.anonymous).await;
    let ada = world.user("ada").await;
    world.grant_admin("ada").await;
    let guest = world.guest("noisy").await;
    guest.join(&room).await;
    ada.join(&room).await;
    assert_eq!(role(&ada, &room).await, json!({ "role": "ADMIN", "canManage": true }));
    ada.remove(&room, &guest).await;
    guest.try_send(&room, "again").await.refused_with("messageSend", "NOT_FOUND");
    // It gives them nothing in a room that somebody else has made.
    let alice = world.user("alice").await;
    let hers = world.room(&alice).await;
    ada.join(&hers).await;
    assert_eq!(role(&ada, &hers).await, json!({ "role": "MEMBER", "canManage": false }));
}

async fn nobody_else_manages_the_lobby(engine: Engine) {
    let world = World::start_with(engine, LOBBY).await;
    let room = id(&world.anonymous).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for user in [&alice, &bob] {
        user.join(&room).await;
        assert_eq!(role(user, &room).await, json!({ "role": "MEMBER", "canManage": false }));
    }
    alice.try_set_title(&room, Some("mine")).await.refused_with("threadUpdate", "FORBIDDEN");
    // And whoever was there the longest does not come to it when another one goes.
    alice.leave(&room).await;
    assert_eq!(role(&bob, &room).await, json!({ "role": "MEMBER", "canManage": false }));
}

async fn who_administers_no_longer_manages_the_lobby_no_longer(engine: Engine) {
    let world = World::start_with(engine, LOBBY).await;
    let room = id(&world.anonymous).await;
    let ada = world.user("ada").await;
    world.grant_admin("ada").await;
    ada.join(&room).await;
    let start = ada.event_cursor(&room).await;
    for _ in 0..2 {
        let output = world.command(&["user", "revoke-admin", "ada", "--even-the-last"]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(role(&ada, &room).await, json!({ "role": "MEMBER", "canManage": false }));
    }
    ada.try_set_title(&room, Some("mine")).await.refused_with("threadUpdate", "FORBIDDEN");
    let log = ada.all_events(&room, Some(&start)).await;
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!((&log[0]["change"], &log[0]["user"]["id"]), (&json!("ROLE_CHANGED"), &json!(ada.id)));
}

async fn nobody_follows_who_managed_the_lobby(engine: Engine) {
    let world = World::start_with(engine, LOBBY).await;
    let room = id(&world.anonymous).await;
    let [ada, bob] = world.users(["ada", "bob"]).await;
    world.grant_admin("ada").await;
    bob.join(&room).await;
    ada.join(&room).await;
    // Nor does it need one.
    ada.set_role(&room, &ada, "MEMBER").await;
    ada.leave(&room).await;
    ada.join(&room).await;
    assert_eq!(role(&ada, &room).await, json!({ "role": "ADMIN", "canManage": true }));
    ada.leave(&room).await;
    assert_eq!(role(&bob, &room).await, json!({ "role": "MEMBER", "canManage": false }));
}

async fn where_none_is_wanted_there_is_no_lobby(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_LOBBY", "off")]).await;
    assert_eq!(lobby(&world.anonymous).await, Value::Null);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM threads").await, 0);
    // Turned off later, it stays.
    world.server.set("LINNET_LOBBY", "on");
    world.server.restart().await;
    world.server.set("LINNET_LOBBY", "off");
    world.server.restart().await;
    assert_eq!(lobby(&world.anonymous).await["title"], "lobby");
}

//! Rooms: public, listed, and quiet about who has read what.

use serde_json::{Value, json};
use tests::{World, claims};

claims![
    the_most_recently_active_room_comes_first,
    rooms_are_listed_and_other_threads_are_not,
    joining_and_leaving_are_in_the_log,
    a_mark_moves_nothing_that_others_see,
    receipts_are_not_shared,
];

async fn the_most_recently_active_room_comes_first(world: World) {
    let alice = world.user("alice").await;
    let mut rooms = Vec::new();
    for title in ["one", "two", "three"] {
        rooms.push(alice.create_room(title).await);
    }
    assert_eq!(listed(&world).await, [&*rooms[2], &rooms[1], &rooms[0]]);
    alice.send(&rooms[0], "hello").await;
    assert_eq!(listed(&world).await, [&*rooms[0], &rooms[2], &rooms[1]]);
}

async fn rooms_are_listed_and_other_threads_are_not(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    world.direct(&alice, &bob).await;
    world.group(&alice, &[&bob]).await;
    assert!(listed(&world).await.is_empty());
    let room = world.room(&alice).await;
    assert_eq!(listed(&world).await, [&*room]);
    let document = "{ rooms(first: 10) { nodes { id } } viewer { threads(first: 10) { nodes { kind } } } }";
    let answer = bob.graphql(document, json!({})).await;
    assert_eq!(answer.ok("/rooms/nodes"), &json!([{ "id": room }]));
    assert_eq!(answer.list("/viewer/threads/nodes").len(), 2, "a room that one has not joined is not one's own");
}

async fn joining_and_leaving_are_in_the_log(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room(&alice).await;
    let start = alice.event_cursor(&room).await;
    let joined = bob.join(&room).await;
    bob.leave(&room).await;
    let frames = alice.all_events(&room, Some(&start)).await;
    let changes: Vec<_> =
        frames.iter().map(|frame| (&frame["__typename"], &frame["change"], &frame["user"]["id"])).collect();
    let (changed, of_bob) = (json!("ParticipantChanged"), json!(bob.id));
    assert_eq!(changes, [(&changed, &json!("JOINED"), &of_bob), (&changed, &json!("LEFT"), &of_bob)]);
    assert_eq!(frames[0]["cursor"], joined);
}

async fn a_mark_moves_nothing_that_others_see(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let sent = alice.send_many(&room, 3).await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&room, Some(&sent[2].cursor)).await;
    events.until("CaughtUp").await;
    bob.mark_delivered(&room, &sent[2].cursor).await;
    bob.mark_read(&room, &sent[1].cursor).await;
    assert_eq!(bob.unread(&room).await, 1);
    bob.mark_read(&room, &sent[2].cursor).await;
    assert_eq!(bob.unread(&room).await, 0);
    assert_eq!(bob.thread(&room).await["viewerState"]["lastReadCursor"], sent[2].cursor.as_str());
    assert_eq!(alice.event_cursor(&room).await, sent[2].cursor, "no mark has moved the log");
    let marker = alice.send(&room, "a marker").await;
    assert_eq!(events.event().await["cursor"], marker.cursor.as_str(), "nothing came before the marker");
}

async fn receipts_are_not_shared(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob, &carol]).await;
    let sent = alice.send(&room, "hello").await;
    for user in [&bob, &carol] {
        user.mark_read(&room, &sent.cursor).await;
    }
    let message = alice.message(&sent.id, "status statusTimestamps { delivered read } receipts { user { id } }").await;
    let nothing = json!({ "status": "SENT", "statusTimestamps": { "delivered": null, "read": null }, "receipts": [] });
    assert_eq!(message, nothing);
    assert_eq!(alice.thread(&room).await["sharesReceipts"], false);
    for participant in alice.participants(&room).await {
        if participant["user"]["id"] != alice.id.as_str() {
            for field in ["lastReadAt", "lastReadCursor", "lastDeliveredCursor"] {
                assert_eq!(participant[field], Value::Null, "{field} is the reader's own");
            }
        }
    }
}

async fn listed(world: &World) -> Vec<String> {
    let answer = world.anonymous.graphql("{ rooms(first: 100) { nodes { id } } }", json!({})).await;
    answer.list("/rooms/nodes").iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

//! Participants: who takes part, since when, and how others hear of it.

use serde_json::json;
use tests::id::absent;
use tests::{World, claims};

claims![
    joining_leaving_and_roles_are_in_the_log,
    payloads_show_the_participant_as_it_is_now,
    adding_who_is_in_changes_nothing,
    removing_who_is_not_in_is_refused,
    changing_the_role_of_who_is_not_in_is_refused,
    adding_who_does_not_exist_is_refused,
    who_joins_starts_with_nothing_unread,
    participants_are_found_by_their_role,
];

async fn joining_leaving_and_roles_are_in_the_log(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&group, Some(&start)).await;
    events.until("CaughtUp").await;
    let mut expected = vec![
        (alice.add(&group, &carol).await, "JOINED", &carol),
        (alice.set_role(&group, &carol, "ADMIN").await, "ROLE_CHANGED", &carol),
        (alice.remove(&group, &carol).await, "LEFT", &carol),
    ];
    bob.leave(&group).await;
    expected.push((alice.event_cursor(&group).await, "LEFT", &bob));
    for (cursor, change, user) in expected {
        let frame = events.event().await;
        assert_eq!(frame["__typename"], "ParticipantChanged");
        assert_eq!(frame["cursor"], cursor);
        assert_eq!((&frame["change"], &frame["user"]["id"]), (&json!(change), &json!(user.id)));
    }
}

async fn payloads_show_the_participant_as_it_is_now(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let added = alice.try_add(&group, &carol.id).await;
    let participant = added.ok("/participantAdd/participant");
    assert_eq!((&participant["user"]["id"], &participant["role"]), (&json!(carol.id), &json!("MEMBER")));
    assert!(participant["joinedAt"].is_string());
    let promoted = alice.try_set_role(&group, &carol.id, "ADMIN").await;
    let participant = promoted.ok("/participantSetRole/participant");
    assert_eq!((&participant["user"]["id"], &participant["role"]), (&json!(carol.id), &json!("ADMIN")));
    let removed = alice.try_remove(&group, &carol.id).await;
    assert_eq!(removed.ok("/participantRemove/removedUserId"), carol.id.as_str());
    let left = bob.try_leave(&group).await;
    assert_eq!(left.ok("/threadLeave/leftId"), group.as_str());
    let remaining = alice.participants(&group).await;
    assert_eq!(remaining.len(), 1);
    assert_eq!(remaining[0]["user"]["id"], alice.id.as_str());
}

async fn adding_who_is_in_changes_nothing(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.set_role(&group, &bob, "ADMIN").await;
    let before = (alice.event_cursor(&group).await, alice.participants(&group).await);
    // Whether it is refused or answered with what is there is left open; it changes nothing.
    alice.try_add(&group, &bob.id).await.data();
    assert_eq!((alice.event_cursor(&group).await, alice.participants(&group).await), before);
}

async fn removing_who_is_not_in_is_refused(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    for user in [&carol.id, &absent(&carol.id)] {
        alice.try_remove(&group, user).await.refused("participantRemove", "NOT_FOUND", &["userId"]);
    }
    alice.remove(&group, &bob).await;
    alice.try_remove(&group, &bob.id).await.refused("participantRemove", "NOT_FOUND", &["userId"]);
}

async fn changing_the_role_of_who_is_not_in_is_refused(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    for user in [&carol.id, &absent(&carol.id)] {
        alice.try_set_role(&group, user, "ADMIN").await.refused("participantSetRole", "NOT_FOUND", &["userId"]);
    }
}

async fn adding_who_does_not_exist_is_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let nobody = absent(&bob.id);
    alice.try_add(&group, &nobody).await.refused("participantAdd", "NOT_FOUND", &["userId"]);
    alice.try_create_direct(&nobody).await.refused("threadCreate", "NOT_FOUND", &["direct", "userId"]);
    let created = alice.try_create_group(&[&bob.id, &nobody]).await;
    created.refused("threadCreate", "NOT_FOUND", &["group", "participantIds", "1"]);
}

async fn who_joins_starts_with_nothing_unread(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let room = world.room(&alice).await;
    for thread in [&group, &room] {
        alice.send_many(thread, 3).await;
    }
    alice.add(&group, &carol).await;
    carol.join(&room).await;
    for thread in [&group, &room] {
        assert_eq!(carol.unread(thread).await, 0);
        alice.send(thread, "new").await;
        assert_eq!(carol.unread(thread).await, 1);
    }
    assert_eq!(bob.unread(&group).await, 4);
}

async fn participants_are_found_by_their_role(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    alice.set_role(&group, &carol, "ADMIN").await;
    let document = "query($id: ID!, $role: ParticipantRole) { thread(id: $id) { participants(role: $role, first: 10) { \
        totalCount nodes { user { id } role } } } }";
    for (role, expected) in [("ADMIN", vec![&alice.id, &carol.id]), ("MEMBER", vec![&bob.id]), ("AI", vec![])] {
        let answer = bob.graphql(document, json!({ "id": group, "role": role })).await;
        let nodes = answer.list("/thread/participants/nodes");
        let mut ids: Vec<_> = nodes.iter().map(|node| node["user"]["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        let mut expected: Vec<_> = expected.into_iter().map(String::as_str).collect();
        expected.sort_unstable();
        assert_eq!(ids, expected);
        assert_eq!(answer.number("/thread/participants/totalCount"), expected.len() as i64);
        assert!(nodes.iter().all(|node| node["role"] == role));
    }
}

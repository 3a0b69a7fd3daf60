//! One edits one's own messages; one deletes one's own, admins any in their group or room.

use tests::{World, claims};

claims![
    nobody_edits_what_another_wrote,
    in_a_direct_thread_one_deletes_ones_own_only,
    a_member_deletes_their_own_only,
    admins_delete_any_in_their_group,
    admins_delete_any_in_their_room,
    who_left_a_room_changes_nothing_in_it,
];

async fn nobody_edits_what_another_wrote(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let direct = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    for thread in [&direct, &group, &room] {
        for (author, other) in [(&alice, &bob), (&bob, &alice)] {
            let sent = author.send(thread, "as I wrote it").await;
            other.try_edit(&sent.id, "as another would", None).await.refused("messageEdit", "FORBIDDEN", &["id"]);
            let message = author.message(&sent.id, "content version editedAt").await;
            assert_eq!(message["content"], "as I wrote it");
            assert_eq!(message["version"], 1);
            assert!(message["editedAt"].is_null());
        }
    }
}

async fn in_a_direct_thread_one_deletes_ones_own_only(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for (author, other) in [(&alice, &bob), (&bob, &alice)] {
        let sent = author.send(&thread, "mine").await;
        other.try_delete(&sent.id).await.refused("messageDelete", "FORBIDDEN", &["id"]);
        assert_eq!(other.message(&sent.id, "content").await["content"], "mine");
        author.delete(&sent).await;
        assert!(other.message(&sent.id, "content").await["content"].is_null());
    }
}

async fn a_member_deletes_their_own_only(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let room = world.room_of(&alice, &[&bob, &carol]).await;
    for thread in [&group, &room] {
        for author in [&alice, &carol] {
            let sent = author.send(thread, "not bob's").await;
            bob.try_delete(&sent.id).await.refused("messageDelete", "FORBIDDEN", &["id"]);
            assert_eq!(bob.message(&sent.id, "content").await["content"], "not bob's");
        }
        let own = bob.send(thread, "bob's").await;
        bob.delete(&own).await;
        assert!(alice.message(&own.id, "deletedAt").await["deletedAt"].is_string());
    }
}

async fn admins_delete_any_in_their_group(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let from_bob = bob.send(&group, "one").await;
    let from_alice = alice.send(&group, "two").await;
    alice.delete(&from_bob).await;
    alice.set_role(&group, &carol, "ADMIN").await;
    carol.delete(&from_alice).await;
    for sent in [&from_bob, &from_alice] {
        assert!(bob.message(&sent.id, "content").await["content"].is_null());
    }
    alice.set_role(&group, &carol, "MEMBER").await;
    let again = bob.send(&group, "three").await;
    carol.try_delete(&again.id).await.refused("messageDelete", "FORBIDDEN", &["id"]);
}

async fn admins_delete_any_in_their_room(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&alice, &[&bob, &guest]).await;
    let elsewhere = world.room_of(&bob, &[&alice]).await;
    for author in [&bob, &guest] {
        let sent = author.send(&room, "spam").await;
        alice.delete(&sent).await;
        assert!(
            world
                .anonymous
                .graphql(
                    "query($id: ID!) { node(id: $id) { ... on Message { content } } }",
                    serde_json::json!({ "id": sent.id }),
                )
                .await
                .ok("/node/content")
                .is_null()
        );
    }
    let sent = bob.send(&elsewhere, "in another room").await;
    alice.try_delete(&sent.id).await.refused("messageDelete", "FORBIDDEN", &["id"]);
}

async fn who_left_a_room_changes_nothing_in_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let sent = bob.send(&room, "as it was").await;
    bob.leave(&room).await;
    bob.try_edit(&sent.id, "changed", None).await.refused("messageEdit", "FORBIDDEN", &["id"]);
    bob.try_delete(&sent.id).await.refused("messageDelete", "FORBIDDEN", &["id"]);
    assert_eq!(alice.message(&sent.id, "content").await["content"], "as it was");
}

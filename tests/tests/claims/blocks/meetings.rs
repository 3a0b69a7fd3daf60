//! Neither of two is brought together with the other by one of them; where they are together already, they stay.

use serde_json::json;
use tests::{User, World, claims};

claims![
    no_direct_thread_is_made_either_way,
    neither_makes_a_group_with_the_other,
    neither_adds_the_other_to_a_group_or_a_room,
    somebody_else_brings_both_together,
    groups_and_rooms_that_both_are_in_stay_as_they_are,
    resting_and_suspended_accounts_are_not_brought_together_with_anybody,
];

async fn no_direct_thread_is_made_either_way(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    alice.block(&bob).await;
    for (user, other) in [(&alice, &bob), (&bob, &alice)] {
        user.try_create_direct(&other.id).await.refused("threadCreate", "FORBIDDEN", &["direct", "userId"]);
    }
    bob.create_direct(&carol).await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM threads").await, 1);
    alice.unblock(&bob).await;
    let thread = bob.create_direct(&alice).await;
    bob.send(&thread, "hello").await;
}

async fn neither_makes_a_group_with_the_other(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    alice.block(&bob).await;
    for (user, other) in [(&alice, &bob), (&bob, &alice)] {
        let answer = user.try_create_group(&[&carol.id, &other.id]).await;
        answer.refused("threadCreate", "FORBIDDEN", &["group", "participantIds", "1"]);
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM threads").await, 0);
    alice.create_group(&[&carol]).await;
}

async fn neither_adds_the_other_to_a_group_or_a_room(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    alice.block(&bob).await;
    for (user, other) in [(&alice, &bob), (&bob, &alice)] {
        for thread in [world.group(user, &[&carol]).await, world.room(user).await] {
            user.try_add(&thread, &other.id).await.refused("participantAdd", "FORBIDDEN", &["userId"]);
            assert!(other.thread(&thread).await["viewerState"].is_null(), "they take no part in it");
        }
    }
    alice.unblock(&bob).await;
    let group = world.group(&bob, &[&carol]).await;
    bob.add(&group, &alice).await;
}

async fn somebody_else_brings_both_together(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    alice.block(&bob).await;
    let group = world.group(&carol, &[&alice, &bob]).await;
    let more = world.group(&carol, &[&alice]).await;
    carol.add(&more, &bob).await;
    bob.send(&group, "hello").await;
    alice.send(&group, "hello").await;
    let room = world.room(&alice).await;
    bob.join(&room).await;
}

async fn groups_and_rooms_that_both_are_in_stay_as_they_are(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let threads = [world.group(&alice, &[&bob]).await, world.room_of(&alice, &[&bob]).await];
    alice.block(&bob).await;
    for thread in &threads {
        for (user, other) in [(&alice, &bob), (&bob, &alice)] {
            let sent = user.send(thread, "hello").await;
            other.react(&sent, "👍").await;
            other.reply(thread, &sent, "hello yourself").await;
            user.try_type(thread).await.ok("/typingSignal");
            assert_eq!(user.thread(thread).await["viewerState"]["canSend"], true);
            assert_eq!(user.thread(thread).await["participantCount"], 2);
            assert!(user.participants(thread).await.iter().any(|one| one["user"]["id"] == other.id.as_str()));
        }
        // Who is in already is not added; that does no harm, as ever.
        alice.add(thread, &bob).await;
        alice.set_role(thread, &bob, "ADMIN").await;
        bob.remove(thread, &alice).await;
    }
}

async fn resting_and_suspended_accounts_are_not_brought_together_with_anybody(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&carol]).await;
    let refused = async |alice: &User| {
        alice.try_create_direct(&bob.id).await.refused("threadCreate", "FORBIDDEN", &["direct", "userId"]);
        let answer = alice.try_create_group(&[&bob.id]).await;
        answer.refused("threadCreate", "FORBIDDEN", &["group", "participantIds", "0"]);
        alice.try_add(&group, &bob.id).await.refused("participantAdd", "FORBIDDEN", &["userId"]);
    };
    for change in ["is_active = false", "is_active = true, suspended_at = created_at"] {
        world.database.execute(&format!("UPDATE users SET {change} WHERE username = 'bob'")).await;
        refused(&alice).await;
    }
    world.database.execute("UPDATE users SET suspended_at = NULL WHERE username = 'bob'").await;
    let direct = alice.create_direct(&bob).await;
    assert_eq!(alice.thread(&direct).await["participantCount"], json!(2));
    alice.add(&group, &bob).await;
}

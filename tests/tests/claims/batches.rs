//! Changes that are written together are each what they would be alone, one after the other.

use futures_util::future::{FutureExt, LocalBoxFuture, join, join_all};
use serde_json::json;
use tests::{User, World, claims};
use tokio::sync::oneshot;

claims![
    of_many_who_leave_at_once_none_leaves_a_group_without_an_admin,
    of_admins_who_leave_at_once_none_promotes_anybody_while_one_stays,
    who_goes_on_from_what_a_change_shows_misses_nothing_that_was_written_with_it,
    who_joins_or_leaves_a_group_at_once_with_a_message_is_mentioned_as_the_log_has_it,
    who_is_banned_or_not_any_more_at_once_with_a_message_is_mentioned_as_the_log_has_it,
];

/// Gives those who ask beside it time to be in line: for as long as some reads take.
async fn wait_in_line(reader: &User, thread: &str, turns: usize) {
    for _ in 0..10 * turns {
        reader.thread(thread).await;
    }
}

/// Has all of these be written in one batch, in this order: behind a message that waits for what is held.
async fn together(world: &World, thread: &str, sender: &User, changes: Vec<LocalBoxFuture<'_, ()>>) {
    let holding = world.database.hold_threads().await;
    let turns = changes.len();
    let changing = join_all(changes.into_iter().zip(1..).map(async |(change, turn)| {
        wait_in_line(sender, thread, turn).await;
        change.await;
    }));
    let releasing = async {
        wait_in_line(sender, thread, turns + 1).await;
        holding.rollback().await.unwrap();
    };
    join(sender.send(thread, "the first in line"), join(changing, releasing)).await;
}

/// Has all of them leave in one batch, in this order.
async fn leave_together(world: &World, group: &str, sender: &User, leavers: &[&User]) {
    together(world, group, sender, leavers.iter().map(|user| user.leave(group).boxed_local()).collect()).await;
}

async fn admins(asker: &User, group: &str) -> Vec<String> {
    let rows = asker.participants(group).await;
    let admins = rows.iter().filter(|row| row["role"] == "ADMIN");
    admins.map(|row| row["user"]["id"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn of_many_who_leave_at_once_none_leaves_a_group_without_an_admin(world: World) {
    let [alice, bob, carol, dave, erin] = world.users(["alice", "bob", "carol", "dave", "erin"]).await;
    let group = world.group(&alice, &[]).await;
    for user in [&bob, &carol, &dave, &erin] {
        alice.add(&group, user).await;
    }
    leave_together(&world, &group, &erin, &[&bob, &carol, &alice]).await;
    assert_eq!(erin.participants(&group).await.len(), 2);
    assert_eq!(admins(&erin, &group).await, [dave.id.as_str()], "who has been here for the longest");
}

async fn of_admins_who_leave_at_once_none_promotes_anybody_while_one_stays(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&dave]).await;
    for user in [&bob, &carol] {
        alice.add(&group, user).await;
        alice.set_role(&group, user, "ADMIN").await;
    }
    leave_together(&world, &group, &dave, &[&alice, &bob]).await;
    assert_eq!(admins(&dave, &group).await, [carol.id.as_str()]);
}

async fn who_goes_on_from_what_a_change_shows_misses_nothing_that_was_written_with_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = alice.send(&group, "before").await;
    let holding = world.database.hold_threads().await;
    let reacting = async {
        wait_in_line(&bob, &group, 1).await;
        let input = json!({ "messageId": sent.id, "emoji": "👍" });
        bob.mutate("reactionAdd", input, "message { version thread { eventCursor } } cursor").await
    };
    let editing = async {
        wait_in_line(&alice, &group, 2).await;
        alice.edit(&sent, "after").await
    };
    let releasing = async {
        wait_in_line(&alice, &group, 4).await;
        holding.rollback().await.unwrap();
    };
    let (_, (reacted, (edited, ()))) =
        join(bob.send(&group, "the first in line"), join(reacting, join(editing, releasing))).await;
    let shown = reacted.ok("/reactionAdd/message").clone();
    let socket = world.socket(&bob).await;
    let from = shown["thread"]["eventCursor"].as_str().unwrap_or_default();
    let mut events = socket.events(&group, Some(from)).await;
    let told = events.until("CaughtUp").await;
    let is_told = told.iter().any(|event| event["__typename"] == "MessageEdited" && event["cursor"] == edited);
    assert_eq!(is_told, shown["version"] == 1, "{shown} and then {told:?}");
}

/// Has somebody come and somebody go at once with a message that mentions them all; whom it mentions.
async fn mentioned(world: &World, sender: &User, thread: &str, changes: [LocalBoxFuture<'_, ()>; 2]) -> Vec<String> {
    let (said, saying) = oneshot::channel();
    let say = async {
        let sent = sender.send(thread, "@bob, @carol and @dave").await;
        said.send(sent.id).unwrap();
    };
    let changes = changes.into_iter().chain([say.boxed_local()]).collect();
    together(world, thread, sender, changes).await;
    let mentions = sender.mentions_in(&saying.await.unwrap()).await;
    mentions.into_iter().map(|(user, _)| user).collect()
}

async fn who_joins_or_leaves_a_group_at_once_with_a_message_is_mentioned_as_the_log_has_it(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&carol, &dave]).await;
    let changes = [alice.add(&group, &bob).map(drop).boxed_local(), carol.leave(&group).boxed_local()];
    assert_eq!(mentioned(&world, &alice, &group, changes).await, [bob.id, dave.id]);
}

async fn who_is_banned_or_not_any_more_at_once_with_a_message_is_mentioned_as_the_log_has_it(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let room = world.room_of(&alice, &[&carol, &dave]).await;
    alice.ban(&room, &bob).await;
    let changes = [alice.unban(&room, &bob).map(drop).boxed_local(), alice.ban(&room, &carol).map(drop).boxed_local()];
    assert_eq!(mentioned(&world, &alice, &room, changes).await, [bob.id, dave.id]);
}

//! Leaving and being removed, and what is left to those who are out.

use serde_json::json;
use tests::{Sent, User, World, claims};

claims![
    any_member_leaves_a_group,
    who_left_reads_nothing_more,
    who_was_removed_reads_nothing_more,
    who_comes_back_reads_everything,
    streams_of_who_was_removed_end,
    streams_of_who_left_end,
    when_the_last_admin_leaves_the_longest_standing_member_becomes_one,
    coming_back_starts_standing_anew,
    while_an_admin_stays_nobody_is_promoted,
    anyone_leaves_a_room_and_still_reads_it,
];

async fn any_member_leaves_a_group(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    bob.leave(&group).await;
    assert_eq!(carol.thread(&group).await["participantCount"], 2);
    alice.leave(&group).await;
    assert_eq!(carol.thread(&group).await["participantCount"], 1);
    assert_eq!(carol.participants(&group).await[0]["user"]["id"], carol.id.as_str());
}

async fn who_left_reads_nothing_more(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = bob.send_with(json!({ "threadId": group, "content": "mine", "clientKey": "k" })).await;
    bob.leave(&group).await;
    is_out(&world, &alice, &bob, &group, &sent).await;
}

async fn who_was_removed_reads_nothing_more(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let sent = bob.send_with(json!({ "threadId": group, "content": "mine", "clientKey": "k" })).await;
    alice.remove(&group, &bob).await;
    is_out(&world, &alice, &bob, &group, &sent).await;
}

async fn who_comes_back_reads_everything(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.send(&group, "one").await;
    alice.remove(&group, &bob).await;
    alice.send(&group, "two").await;
    alice.add(&group, &bob).await;
    alice.send(&group, "three").await;
    let contents: Vec<_> =
        bob.history(&group).await.into_iter().map(|(_, message)| message["content"].clone()).collect();
    assert_eq!(contents, ["one", "two", "three"]);
    bob.send(&group, "back again").await;
}

async fn streams_of_who_was_removed_end(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let from = bob.event_cursor(&group).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, Some(&from)).await;
    let mut messages = socket.messages(&group, Some(&from)).await;
    events.until("CaughtUp").await;
    alice.send(&group, "the last for bob").await;
    assert_eq!(events.event().await["message"]["content"], "the last for bob");
    assert_eq!(messages.value().await["node"]["content"], "the last for bob");
    alice.remove(&group, &bob).await;
    alice.send(&group, "not for bob").await;
    let shown = events.until("AccessRevoked").await;
    assert!(shown.iter().all(|frame| frame.get("message").is_none()), "nothing but the removal: {shown:?}");
    events.completed().await;
    messages.failed("ACCESS_REVOKED").await;
}

async fn streams_of_who_left_end(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let from = bob.event_cursor(&group).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, Some(&from)).await;
    let mut messages = socket.messages(&group, Some(&from)).await;
    events.until("CaughtUp").await;
    // Both streams are live once they have shown this.
    alice.send(&group, "for both").await;
    events.event().await;
    messages.value().await;
    bob.leave(&group).await;
    alice.send(&group, "not for bob").await;
    let shown = events.until("AccessRevoked").await;
    assert!(shown.iter().all(|frame| frame.get("message").is_none()), "nothing but the leaving: {shown:?}");
    events.completed().await;
    messages.failed("ACCESS_REVOKED").await;
}

async fn when_the_last_admin_leaves_the_longest_standing_member_becomes_one(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&carol]).await;
    alice.add(&group, &bob).await;
    alice.add(&group, &dave).await;
    alice.leave(&group).await;
    assert_eq!(admins(&bob, &group).await, [carol.id.as_str()]);
    assert_eq!(carol.thread(&group).await["viewerState"]["canManage"], true);
    carol.leave(&group).await;
    assert_eq!(admins(&bob, &group).await, [bob.id.as_str()]);
    bob.remove(&group, &dave).await;
}

async fn coming_back_starts_standing_anew(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.add(&group, &carol).await;
    bob.leave(&group).await;
    alice.add(&group, &bob).await;
    alice.leave(&group).await;
    assert_eq!(admins(&bob, &group).await, [carol.id.as_str()]);
}

async fn while_an_admin_stays_nobody_is_promoted(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    alice.add(&group, &carol).await;
    alice.set_role(&group, &carol, "ADMIN").await;
    alice.leave(&group).await;
    assert_eq!(admins(&bob, &group).await, [carol.id.as_str()]);
}

async fn anyone_leaves_a_room_and_still_reads_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&alice, &[&bob, &guest]).await;
    let sent = alice.send(&room, "hello").await;
    for user in [&bob, &guest] {
        user.leave(&room).await;
        assert_eq!(user.history(&room).await[0].1["content"], "hello");
        assert!(user.thread(&room).await["viewerState"].is_null());
        user.try_send(&room, "one more").await.refused("messageSend", "FORBIDDEN", &["threadId"]);
        user.try_react(&sent.id, "👍").await.refused("reactionAdd", "FORBIDDEN", &["messageId"]);
        user.join(&room).await;
        user.send(&room, "back again").await;
    }
}

async fn is_out(world: &World, alice: &User, bob: &User, group: &str, sent: &Sent) {
    let document = "query($t: ID!, $m: ID!) { thread(id: $t) { id } node(id: $m) { id } \
        messageByClientKey(threadId: $t, clientKey: \"k\") { id } viewer { threads(first: 10) { nodes { id } } } }";
    let answer = bob.graphql(document, json!({ "t": group, "m": sent.id })).await;
    let nothing =
        json!({ "thread": null, "node": null, "messageByClientKey": null, "viewer": { "threads": { "nodes": [] } } });
    assert_eq!(answer.data(), &nothing);
    bob.try_send(group, "still there?").await.refused("messageSend", "NOT_FOUND", &["threadId"]);
    bob.try_edit(&sent.id, "changed", None).await.refused("messageEdit", "NOT_FOUND", &["id"]);
    bob.try_delete(&sent.id).await.refused("messageDelete", "NOT_FOUND", &["id"]);
    bob.try_react(&sent.id, "👍").await.refused("reactionAdd", "NOT_FOUND", &["messageId"]);
    bob.try_mark("threadMarkRead", group, &sent.cursor).await.refused("threadMarkRead", "NOT_FOUND", &["threadId"]);
    bob.try_leave(group).await.refused("threadLeave", "NOT_FOUND", &["id"]);
    let socket = world.socket(bob).await;
    socket.messages(group, Some(&sent.cursor)).await.failed("NOT_FOUND").await;
    socket.events(group, Some(&sent.cursor)).await.failed("NOT_FOUND").await;
    socket.signals(group).await.failed("NOT_FOUND").await;
    let kept: Vec<_> = alice.history(group).await.into_iter().map(|(_, message)| message["content"].clone()).collect();
    assert_eq!(kept, ["mine"], "what was sent stays");
}

async fn admins(asker: &User, group: &str) -> Vec<String> {
    let document =
        "query($id: ID!) { thread(id: $id) { participants(role: ADMIN, first: 10) { nodes { user { id } } } } }";
    let answer = asker.graphql(document, json!({ "id": group })).await;
    let nodes = answer.list("/thread/participants/nodes");
    nodes.iter().filter_map(|node| node["user"]["id"].as_str().map(str::to_owned)).collect::<Vec<_>>()
}

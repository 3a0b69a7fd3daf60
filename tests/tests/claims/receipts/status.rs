//! Status, its times and the receipts behind it.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Sent, User, World, claims};

claims![
    one_reads_half_one_joins_late_one_leaves,
    a_message_is_delivered_when_all_others_have_got_it,
    reading_is_getting,
    in_a_direct_thread_the_other_alone_counts,
    the_times_are_those_of_the_first_mark_that_covers_it,
    a_status_does_not_go_back_when_its_readers_leave,
    a_status_does_not_go_back_when_its_readers_come_back,
    who_joins_later_does_not_count,
    a_sender_has_no_receipt_of_their_own,
    sending_is_reading_what_came_before,
];

async fn one_reads_half_one_joins_late_one_leaves(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let mut sent = alice.send_many(&group, 10).await;
    assert_eq!(statuses(&bob, &group).await, ["SENT"; 10]);
    assert_eq!([bob.unread(&group).await, carol.unread(&group).await, alice.unread(&group).await], [10, 10, 0]);

    minute(&world).await;
    bob.mark_delivered(&group, &sent[9].cursor).await;
    minute(&world).await;
    bob.mark_read(&group, &sent[4].cursor).await;
    assert_eq!(statuses(&alice, &group).await, ["SENT"; 10], "carol has got nothing yet");
    assert_eq!(bob.unread(&group).await, 5);
    minute(&world).await;
    carol.mark_read(&group, &sent[9].cursor).await;
    let half = [["READ"; 5], ["DELIVERED"; 5]].concat();
    assert_eq!(statuses(&alice, &group).await, half);
    assert_eq!(carol.unread(&group).await, 0);

    alice.add(&group, &dave).await;
    assert_eq!(statuses(&dave, &group).await, half, "who joins late is not waited for");
    assert_eq!(dave.unread(&group).await, 0);
    sent.push(alice.send(&group, "11").await);
    sent.push(alice.send(&group, "12").await);
    minute(&world).await;
    dave.mark_read(&group, &sent[11].cursor).await;
    bob.mark_delivered(&group, &sent[11].cursor).await;
    assert_eq!(
        statuses(&alice, &group).await,
        [half.clone(), vec!["SENT"; 2]].concat(),
        "carol has not got the last two"
    );
    assert_eq!([bob.unread(&group).await, carol.unread(&group).await, dave.unread(&group).await], [7, 2, 0]);

    carol.leave(&group).await;
    assert_eq!(statuses(&alice, &group).await, [half, vec!["DELIVERED"; 2]].concat(), "who left is not waited for");
    minute(&world).await;
    bob.mark_read(&group, &sent[11].cursor).await;
    assert_eq!(statuses(&alice, &group).await, ["READ"; 12]);

    let third = receipts(&alice, &sent[2]).await;
    let of_bob = &third[&bob.id];
    assert!(minutes_apart(&of_bob["deliveredAt"], &of_bob["readAt"]), "{of_bob}: got at minute 1, read at minute 2");
    assert!(third.get(&dave.id).is_none_or(nothing), "dave was not there yet: {third:?}");
    let last = receipts(&alice, &sent[11]).await;
    for user in [&bob, &dave] {
        assert!(last[&user.id]["readAt"].is_string(), "{last:?}");
    }
    let times = alice.message(&sent[11].id, "createdAt statusTimestamps { sent delivered read }").await;
    assert_eq!(times["statusTimestamps"]["sent"], times["createdAt"]);
    assert_eq!(times["statusTimestamps"]["read"], last[&bob.id]["readAt"], "bob was the last to read it");
    assert!(times["statusTimestamps"]["delivered"].is_string());
}

async fn a_message_is_delivered_when_all_others_have_got_it(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let sent = alice.send_many(&group, 3).await;
    bob.mark_delivered(&group, &sent[2].cursor).await;
    assert_eq!(statuses(&alice, &group).await, ["SENT"; 3]);
    carol.mark_delivered(&group, &sent[1].cursor).await;
    for user in [&alice, &bob, &carol] {
        assert_eq!(statuses(user, &group).await, ["DELIVERED", "DELIVERED", "SENT"]);
    }
    let message = alice.message(&sent[0].id, "statusTimestamps { sent delivered read }").await;
    let times = &message["statusTimestamps"];
    assert!(times["sent"].is_string() && times["delivered"].is_string() && times["read"].is_null(), "{times}");
    let receipts = receipts(&alice, &sent[0]).await;
    for user in [&bob, &carol] {
        assert!(
            receipts[&user.id]["deliveredAt"].is_string() && receipts[&user.id]["readAt"].is_null(),
            "{receipts:?}"
        );
    }
    assert_eq!([bob.unread(&group).await, carol.unread(&group).await], [3, 3], "what was delivered is not read");
}

async fn reading_is_getting(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let sent = alice.send(&group, "x").await;
    bob.mark_read(&group, &sent.cursor).await;
    carol.mark_delivered(&group, &sent.cursor).await;
    assert_eq!(statuses(&alice, &group).await, ["DELIVERED"]);
    carol.mark_read(&group, &sent.cursor).await;
    assert_eq!(statuses(&alice, &group).await, ["READ"]);
    let message = alice.message(&sent.id, "statusTimestamps { delivered read }").await;
    let times = &message["statusTimestamps"];
    assert!(times["delivered"].is_string() && times["read"].is_string(), "{times}");
}

async fn in_a_direct_thread_the_other_alone_counts(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 2).await;
    bob.mark_delivered(&thread, &sent[1].cursor).await;
    assert_eq!(statuses(&alice, &thread).await, ["DELIVERED"; 2]);
    bob.mark_read(&thread, &sent[0].cursor).await;
    assert_eq!(statuses(&alice, &thread).await, ["READ", "DELIVERED"]);
}

async fn the_times_are_those_of_the_first_mark_that_covers_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 4).await;
    minute(&world).await;
    bob.mark_read(&thread, &sent[1].cursor).await;
    let first = receipts(&alice, &sent[0]).await[&bob.id].clone();
    minute(&world).await;
    bob.mark_read(&thread, &sent[3].cursor).await;
    assert_eq!(receipts(&alice, &sent[0]).await[&bob.id], first, "a later mark does not change it");
    assert_eq!(receipts(&alice, &sent[1]).await[&bob.id]["readAt"], first["readAt"]);
    let later = receipts(&alice, &sent[2]).await[&bob.id].clone();
    assert!(minutes_apart(&first["readAt"], &later["readAt"]), "{first} {later}");
    assert_eq!(receipts(&alice, &sent[3]).await[&bob.id]["readAt"], later["readAt"]);
    let message = alice.message(&sent[2].id, "statusTimestamps { read }").await;
    assert_eq!(message["statusTimestamps"]["read"], later["readAt"]);
    let participants = alice.participants(&thread).await;
    let of_bob = participants.iter().find(|one| one["user"]["id"] == bob.id.as_str()).unwrap();
    assert_eq!((&of_bob["lastReadCursor"], &of_bob["lastReadAt"]), (&json!(sent[3].cursor), &later["readAt"]));
}

async fn a_status_does_not_go_back_when_its_readers_leave(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let sent = alice.send_many(&group, 3).await;
    for user in [&bob, &carol] {
        user.mark_delivered(&group, &sent[1].cursor).await;
        user.mark_read(&group, &sent[0].cursor).await;
    }
    let before = ["READ", "DELIVERED", "SENT"];
    assert_eq!(statuses(&alice, &group).await, before);
    carol.leave(&group).await;
    assert_eq!(statuses(&alice, &group).await, before);
    alice.remove(&group, &bob).await;
    let after = statuses(&alice, &group).await;
    assert!(after[0] == "READ" && after[1] != "SENT", "{after:?}");
}

async fn a_status_does_not_go_back_when_its_readers_come_back(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let sent = alice.send_many(&group, 2).await;
    for user in [&bob, &carol] {
        user.mark_read(&group, &sent[0].cursor).await;
        user.mark_delivered(&group, &sent[1].cursor).await;
    }
    for user in [&bob, &carol] {
        user.leave(&group).await;
        alice.add(&group, user).await;
        assert_eq!(user.unread(&group).await, 0);
        let now = statuses(&alice, &group).await;
        assert!(now[0] == "READ" && now[1] != "SENT", "{now:?}");
    }
    let message = alice.message(&sent[0].id, "statusTimestamps { delivered read }").await;
    assert!(message["statusTimestamps"]["read"].is_string(), "a message that is READ was read at some time: {message}");
}

async fn who_joins_later_does_not_count(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let before = alice.send(&group, "before carol").await;
    alice.add(&group, &carol).await;
    let after = alice.send(&group, "after carol").await;
    bob.mark_read(&group, &after.cursor).await;
    assert_eq!(statuses(&alice, &group).await, ["READ", "SENT"]);
    carol.mark_read(&group, &after.cursor).await;
    assert_eq!(statuses(&alice, &group).await, ["READ", "READ"]);
    assert!(receipts(&alice, &before).await.get(&carol.id).is_none_or(nothing));
}

async fn a_sender_has_no_receipt_of_their_own(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "x").await;
    alice.mark_read(&thread, &sent.cursor).await;
    alice.mark_delivered(&thread, &sent.cursor).await;
    assert_eq!(statuses(&alice, &thread).await, ["SENT"], "reading one's own is no receipt");
    bob.mark_read(&thread, &sent.cursor).await;
    let receipts = receipts(&bob, &sent).await;
    assert!(!receipts.contains_key(&alice.id), "{receipts:?}");
    assert!(receipts[&bob.id]["readAt"].is_string());
}

async fn sending_is_reading_what_came_before(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let first = alice.send(&thread, "a question").await;
    let answer = bob.send(&thread, "an answer").await;
    assert_eq!(statuses(&alice, &thread).await, ["READ", "SENT"]);
    assert_eq!(bob.unread(&thread).await, 0);
    assert_eq!(bob.thread(&thread).await["viewerState"]["lastReadCursor"], answer.cursor.as_str());
    let frames = alice.all_events(&thread, Some(&first.cursor)).await;
    assert_eq!(frames.len(), 2, "{frames:?}");
    assert_eq!((&frames[0]["__typename"], &frames[0]["cursor"]), (&json!("MessagePosted"), &json!(answer.cursor)));
    assert_eq!(frames[1]["__typename"], "ReceiptsAdvanced");
    assert_eq!(frames[1]["participants"][0]["user"]["id"], bob.id.as_str());
    bob.send(&thread, "and another").await;
    let more = alice.all_events(&thread, frames[1]["cursor"].as_str()).await;
    assert_eq!(more.len(), 1, "there was nothing more to read: {more:?}");
}

/// The statuses of the thread's messages, oldest first.
pub(super) async fn statuses(user: &User, thread: &str) -> Vec<String> {
    let document = "query($id: ID!) { thread(id: $id) { messages(first: 100) { nodes { status } } } }";
    let answer = user.graphql(document, json!({ "id": thread })).await;
    let nodes = answer.list("/thread/messages/nodes");
    nodes.iter().map(|node| node["status"].as_str().expect("a status").to_owned()).collect()
}

/// The receipts of a message by the id of their user.
async fn receipts(user: &User, sent: &Sent) -> std::collections::HashMap<String, Value> {
    let message = user.message(&sent.id, "receipts { user { id } deliveredAt readAt }").await;
    let receipts = message["receipts"].as_array().expect("receipts");
    let by_user: std::collections::HashMap<_, _> =
        receipts.iter().map(|one| (one["user"]["id"].as_str().expect("a user").to_owned(), one.clone())).collect();
    assert_eq!(by_user.len(), receipts.len(), "one receipt per user: {receipts:?}");
    by_user
}

fn nothing(receipt: &Value) -> bool {
    receipt["deliveredAt"].is_null() && receipt["readAt"].is_null()
}

async fn minute(world: &World) {
    world.server.advance_clock(Duration::from_secs(60)).await;
}

/// Whether the second time is in a later minute than the first; tests move the clock by whole minutes.
fn minutes_apart(first: &Value, second: &Value) -> bool {
    let (Some(first), Some(second)) = (first.as_str(), second.as_str()) else { return false };
    first[..16] < second[..16]
}

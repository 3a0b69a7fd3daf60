//! Bans: whom the admins of a room keep out of it.

mod lists;
mod streams;

use std::time::Duration;

use futures_util::future::join;
use serde_json::{Value, json};
use tests::id::absent;
use tests::{World, claims, eventually};

claims![
    a_ban_keeps_out_whoever_is_in_and_whoever_is_not,
    whoever_signs_out_reads_a_room_still,
    a_ban_ends_by_itself,
    a_ban_as_long_as_can_be_said_holds,
    a_ban_that_is_lifted_lets_them_in,
    adding_somebody_lifts_their_ban,
    who_is_removed_from_a_room_is_banned,
    only_the_admins_of_a_room_ban,
    what_is_asked_for_wrongly_is_refused_at_its_place,
    nobody_is_in_and_banned_however_they_race,
    a_ban_goes_with_the_account,
];

/// A while, in which nobody has to sign in anew.
const WHILE: Duration = Duration::from_mins(5);

async fn a_ban_keeps_out_whoever_is_in_and_whoever_is_not(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&alice, &[&bob]).await;
    let start = alice.event_cursor(&room).await;
    let sent = alice.send(&room, "hello").await;
    let mut told = Vec::new();
    for user in [&bob, &carol, &guest] {
        told.push((alice.ban(&room, user).await, user.id.clone()));
    }
    let document = "query($t: ID!, $m: ID!) { thread(id: $t) { id } node(id: $m) { id } other: node(id: $t) { id } \
        rooms(first: 10) { nodes { id } } }";
    for user in [&bob, &carol, &guest] {
        let answer = user.graphql(document, json!({ "t": room, "m": sent.id })).await;
        let nothing = json!({ "thread": null, "node": null, "other": null, "rooms": { "nodes": [] } });
        assert_eq!(answer.data(), &nothing);
        user.try_join(&room).await.refused("threadJoin", "FORBIDDEN", &["id"]);
        user.try_send(&room, "me too").await.refused("messageSend", "NOT_FOUND", &["threadId"]);
        user.try_react(&sent.id, "👍").await.refused("reactionAdd", "NOT_FOUND", &["messageId"]);
        let socket = world.socket(user).await;
        socket.events(&room, Some(&start)).await.failed("NOT_FOUND").await;
        socket.messages(&room, None).await.failed("NOT_FOUND").await;
        socket.signals(&room).await.failed("NOT_FOUND").await;
    }
    assert_eq!(alice.thread(&room).await["participantCount"], 1);
    let log = alice.all_events(&room, Some(&sent.cursor)).await;
    let seen: Vec<_> = log.iter().map(|frame| (&frame["cursor"], &frame["change"], &frame["user"]["id"])).collect();
    let (cursors, banned) = (told.iter().map(|(cursor, _)| json!(cursor)), json!("BANNED"));
    let expected: Vec<_> = cursors.zip(told.iter().map(|(_, id)| json!(id))).collect();
    assert_eq!(seen, expected.iter().map(|(cursor, id)| (cursor, &banned, id)).collect::<Vec<_>>());
}

async fn whoever_signs_out_reads_a_room_still(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room(&alice).await;
    alice.ban(&room, &bob).await;
    let document = "query($id: ID!) { thread(id: $id) { title bans { nodes { reason } } } }";
    let answer = world.anonymous.graphql(document, json!({ "id": room })).await;
    assert_eq!(answer.ok("/thread"), &json!({ "title": "A room", "bans": { "nodes": [] } }));
}

async fn a_ban_ends_by_itself(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let until = (chrono::Utc::now() + WHILE).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let answer = alice.try_ban(json!({ "threadId": room, "userId": bob.id, "until": until })).await;
    assert!(answer.text("/roomBanCreate/roomBan/until").starts_with(until.trim_end_matches('Z')));
    alice.ban(&room, &carol).await;
    assert_eq!(bob.thread(&room).await, Value::Null);
    let refusal = bob.try_join(&room).await.user_errors("threadJoin");
    assert!(refusal[0].message.contains(&until), "{refusal:?}");
    world.server.advance_clock(2 * WHILE).await;
    // Nothing was done, and nothing has to be.
    assert_eq!(bob.thread(&room).await["id"], room.as_str());
    bob.join(&room).await;
    bob.send(&room, "I am back").await;
    carol.try_join(&room).await.refused("threadJoin", "FORBIDDEN", &["id"]);
    assert_eq!(alice.bans(&room, "first: 10").await["nodes"].as_array().unwrap().len(), 2, "it is in the list still");
    world.server.remove_expired().await;
    let left = async || {
        let bans = alice.bans(&room, "first: 10").await;
        let bans = bans["nodes"].as_array().unwrap();
        (bans.len() == 1 && bans[0]["user"]["id"] == carol.id.as_str()).then_some(())
    };
    eventually("what has ended to be removed", left).await;
    // And banned again, it is as if there had been none.
    alice.ban(&room, &bob).await;
    assert_eq!(bob.thread(&room).await, Value::Null);
}

async fn a_ban_as_long_as_can_be_said_holds(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    // In UTC that is the year 10000.
    for until in ["9999-12-31T23:59:59.1234567-12:00", "2100-01-02T03:04:05.1234567Z"] {
        let ban = async || alice.try_ban(json!({ "threadId": room, "userId": bob.id, "until": until })).await;
        let (first, again) = (ban().await, ban().await);
        let [first, again] = [first.ok("/roomBanCreate"), again.ok("/roomBanCreate")];
        assert_eq!(first, again, "whoever asks for the same once more has changed nothing");
        let expected =
            if until.starts_with('9') { "9999-12-31T23:59:59.999999Z" } else { "2100-01-02T03:04:05.123456Z" };
        assert_eq!(first["roomBan"]["until"], expected);
        assert_eq!(bob.thread(&room).await, Value::Null);
        bob.try_join(&room).await.refused("threadJoin", "FORBIDDEN", &["id"]);
    }
}

async fn a_ban_that_is_lifted_lets_them_in(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    alice.ban(&room, &bob).await;
    let before = alice.event_cursor(&room).await;
    let lifted = alice.unban(&room, &bob).await;
    assert_eq!(alice.unban(&room, &bob).await, lifted, "lifting what is not there is nothing");
    let log = alice.all_events(&room, Some(&before)).await;
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!((&log[0]["change"], &log[0]["user"]["id"]), (&json!("UNBANNED"), &json!(bob.id)));
    assert_eq!(bob.thread(&room).await["viewerState"], Value::Null, "they may come back, and are not in by that");
    bob.join(&room).await;
    bob.send(&room, "I am back").await;
}

async fn adding_somebody_lifts_their_ban(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    alice.ban(&room, &bob).await;
    alice.add(&room, &bob).await;
    bob.send(&room, "I am back").await;
    assert_eq!(alice.bans(&room, "first: 10").await["nodes"], json!([]));
    bob.leave(&room).await;
    bob.join(&room).await;
}

async fn who_is_removed_from_a_room_is_banned(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    alice.remove(&room, &bob).await;
    assert_eq!(bob.thread(&room).await, Value::Null);
    bob.try_join(&room).await.refused("threadJoin", "FORBIDDEN", &["id"]);
    let bans = alice.bans(&room, "first: 10").await;
    let ban = &bans["nodes"][0];
    assert_eq!((&ban["user"]["id"], &ban["bannedBy"]["id"]), (&json!(bob.id), &json!(alice.id)));
    assert_eq!((&ban["reason"], &ban["until"]), (&Value::Null, &Value::Null));
    alice.unban(&room, &bob).await;
    bob.join(&room).await;
}

async fn only_the_admins_of_a_room_ban(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let (room, group) = (world.room_of(&alice, &[&bob]).await, world.group(&alice, &[&bob]).await);
    let direct = world.direct(&alice, &bob).await;
    for (user, thread, code) in [
        (&bob, &room, "FORBIDDEN"),
        (&carol, &room, "FORBIDDEN"),
        (&alice, &group, "FORBIDDEN"),
        (&alice, &direct, "FORBIDDEN"),
        (&carol, &group, "NOT_FOUND"),
    ] {
        let input = json!({ "threadId": thread, "userId": bob.id });
        user.try_ban(input).await.refused("roomBanCreate", code, &["threadId"]);
        user.try_unban(thread, &bob.id).await.refused("roomBanDelete", code, &["threadId"]);
    }
    alice.set_role(&room, &bob, "ADMIN").await;
    bob.ban(&room, &carol).await;
    // An admin may be banned by another one.
    bob.ban(&room, &alice).await;
    assert_eq!(alice.thread(&room).await, Value::Null);
    bob.archive(&room).await;
    let input = json!({ "threadId": room, "userId": carol.id });
    bob.try_ban(input).await.refused("roomBanCreate", "ARCHIVED", &["threadId"]);
}

async fn what_is_asked_for_wrongly_is_refused_at_its_place(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let refused = async |more: Value, code: &str, path: &str| {
        let mut input = json!({ "threadId": room, "userId": bob.id });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        alice.try_ban(input).await.refused("roomBanCreate", code, &[path]);
    };
    refused(json!({ "reason": " " }), "BLANK", "reason").await;
    refused(json!({ "reason": "x".repeat(501) }), "TOO_LONG", "reason").await;
    refused(json!({ "until": "2001-01-01T00:00:00Z" }), "INVALID", "until").await;
    refused(json!({ "userId": alice.id }), "INVALID", "userId").await;
    refused(json!({ "userId": absent(&bob.id) }), "NOT_FOUND", "userId").await;
    refused(json!({ "userId": "usr_1" }), "INVALID", "userId").await;
    refused(json!({ "threadId": absent(&room) }), "NOT_FOUND", "threadId").await;
    assert_eq!(alice.bans(&room, "first: 10").await["nodes"], json!([]));
    bob.send(&room, "still here").await;
}

async fn nobody_is_in_and_banned_however_they_race(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room(&alice).await;
    for _ in 0..12 {
        join(alice.ban(&room, &bob), bob.try_join(&room)).await;
        let is_in = alice.participants(&room).await.iter().any(|one| one["user"]["id"] == bob.id.as_str());
        assert!(!is_in, "they joined before or not at all");
        bob.try_send(&room, "let me in").await.refused("messageSend", "NOT_FOUND", &["threadId"]);
        join(alice.unban(&room, &bob), bob.try_join(&room)).await;
        bob.join(&room).await;
    }
}

async fn a_ban_goes_with_the_account(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&carol]).await;
    alice.set_role(&room, &carol, "ADMIN").await;
    carol.ban(&room, &bob).await;
    let delete = json!({ "password": tests::account::PASSWORD });
    carol.mutate("accountDelete", delete.clone(), "").await.data();
    // While an account goes, what shows it may have to be asked for again.
    let document = "query($id: ID!) { thread(id: $id) { bans(first: 1) { nodes { user { id } bannedBy { id } } } } }";
    let bans =
        async || alice.graphql(document, json!({ "id": room })).await.json["data"]["thread"]["bans"]["nodes"].take();
    let left = async || bans().await.get(0).is_some_and(|ban| ban["bannedBy"].is_null()).then_some(());
    eventually("the ban to be nobody's", left).await;
    assert_eq!(bob.thread(&room).await, Value::Null, "whoever has made it: it holds");
    bob.mutate("accountDelete", delete, "").await.data();
    let gone = async || (bans().await == json!([])).then_some(());
    eventually("the ban to be gone", gone).await;
}

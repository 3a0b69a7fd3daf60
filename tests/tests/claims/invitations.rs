//! Invitations: links by which people come into a group by themselves.

mod leaving;
mod lists;

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Engine, User, World, claims, eventually};

claims![
    whoever_holds_a_code_sees_the_group_and_comes_in,
    a_code_is_shown_once_and_kept_as_a_hash,
    of_many_who_race_for_the_last_uses_as_many_come_in,
    accepting_twice_uses_nothing_up,
    whatever_is_wrong_with_an_invitation_it_answers_alike,
    who_was_removed_comes_back_by_a_newer_one_only,
    who_has_left_comes_back_by_an_old_one,
    two_of_whom_one_blocks_the_other_are_not_brought_together,
    guests_and_the_anonymous_do_not_come_in,
    only_the_admins_of_a_group_invite,
    what_is_asked_for_wrongly_is_refused_at_its_place,
    who_comes_has_the_role_that_was_meant,
    who_tries_codes_has_to_wait,
];

/// A while, in which nobody has to sign in anew.
const WHILE: Duration = Duration::from_mins(5);

async fn whoever_holds_a_code_sees_the_group_and_comes_in(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let code = alice.invite(&group).await;
    let preview = json!({ "title": "A group", "participantCount": 2, "invitedBy": { "id": alice.id } });
    for client in [&*carol, &*bob, &world.anonymous] {
        assert_eq!(client.preview(&code).await, preview);
    }
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, None).await;
    let mut inbox = world.socket(&carol).await.inbox(None).await;
    events.until("CaughtUp").await;
    inbox.until("InboxCaughtUp").await;
    let accepted = carol.try_accept(&code).await;
    assert_eq!(accepted.ok("/threadInvitationAccept/thread/id"), group.as_str());
    assert_eq!(accepted.ok("/threadInvitationAccept/thread/viewerState/role"), "MEMBER");
    let frame = events.event().await;
    assert_eq!((&frame["__typename"], &frame["change"]), (&json!("ParticipantChanged"), &json!("JOINED")));
    assert_eq!(
        (&frame["user"]["id"], &frame["cursor"]),
        (&json!(carol.id), accepted.ok("/threadInvitationAccept/cursor"))
    );
    assert_eq!(inbox.event().await["thread"]["id"], group.as_str());
    carol.send(&group, "thank you").await;
    assert_eq!(carol.preview(&code).await["participantCount"], 3);
}

async fn a_code_is_shown_once_and_kept_as_a_hash(world: World) {
    let alice = world.user("alice").await;
    let group = world.group(&alice, &[]).await;
    let [one, other] = [alice.invite(&group).await, alice.invite(&group).await];
    assert!(one.starts_with("lni_") && one.len() > 40 && one != other, "{one} {other}");
    for row in world.database.rows("SELECT code_hash FROM thread_invitations").await {
        let hash: Vec<u8> = row.try_get("", "code_hash").unwrap();
        assert_eq!(hash.len(), 32);
        assert!([&one, &other].iter().all(|code| !code.as_bytes().windows(8).any(|part| hash.starts_with(part))));
    }
}

async fn of_many_who_race_for_the_last_uses_as_many_come_in(world: World) {
    let alice = world.user("alice").await;
    let crowd = world.crowd("guest", 12).await;
    for uses in [1, 5] {
        let group = world.group(&alice, &[]).await;
        let code =
            alice.try_invite(json!({ "threadId": group, "maxUses": uses })).await.text("/threadInvitationCreate/code");
        let answers = join_all(crowd.iter().map(|user| user.try_accept(&code))).await;
        let refused: Vec<_> =
            answers.iter().filter(|answer| !answer.user_errors("threadInvitationAccept").is_empty()).collect();
        for answer in &refused {
            answer.refused("threadInvitationAccept", "NOT_FOUND", &["code"]);
        }
        assert_eq!(crowd.len() - refused.len(), uses);
        assert_eq!(alice.thread(&group).await["participantCount"], uses + 1);
        assert_eq!(alice.invitations(&group, "first: 10").await["nodes"][0]["useCount"], uses);
    }
}

async fn accepting_twice_uses_nothing_up(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[]).await;
    let code = alice.try_invite(json!({ "threadId": group, "maxUses": 2 })).await.text("/threadInvitationCreate/code");
    for _ in 0..3 {
        bob.accept(&code).await;
    }
    let both = join_all([bob.try_accept(&code), bob.try_accept(&code)]).await;
    assert!(both.iter().all(|answer| answer.ok("/threadInvitationAccept/thread/id") == group.as_str()));
    assert_eq!(alice.invitations(&group, "first: 10").await["nodes"][0]["useCount"], 1);
    carol.accept(&code).await;
    // Used up as it is, whoever is in is answered as before.
    bob.accept(&code).await;
    assert_eq!(alice.thread(&group).await["participantCount"], 3);
}

/// What one who may not come is answered, and sees.
async fn no_good(user: &User, code: &str) -> Value {
    let answer = user.try_accept(code).await;
    answer.refused("threadInvitationAccept", "NOT_FOUND", &["code"]);
    assert_eq!(user.preview(code).await, Value::Null);
    answer.data().clone()
}

async fn whatever_is_wrong_with_an_invitation_it_answers_alike(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[]).await;
    let until = (chrono::Utc::now() + WHILE).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let input = json!({ "threadId": group, "expiresAt": until });
    let ended = alice.try_invite(input).await.text("/threadInvitationCreate/code");
    let used_up =
        alice.try_invite(json!({ "threadId": group, "maxUses": 1 })).await.text("/threadInvitationCreate/code");
    carol.accept(&used_up).await;
    let revoked = alice.try_invite(json!({ "threadId": group })).await;
    alice.revoke_invitation(&revoked.text("/threadInvitationCreate/threadInvitation/id")).await;
    let revoked = revoked.text("/threadInvitationCreate/code");
    assert_eq!(bob.preview(&ended).await["title"], "A group");
    world.server.advance_clock(2 * WHILE).await;
    let mut answers = Vec::new();
    for code in [&ended, &used_up, &revoked, "lni_nothing", "", &"x".repeat(100_000), "\u{0}"] {
        answers.push(no_good(&bob, code).await);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(alice.thread(&group).await["participantCount"], 2);
}

async fn who_was_removed_comes_back_by_a_newer_one_only(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let old = alice.invite(&group).await;
    alice.remove(&group, &bob).await;
    no_good(&bob, &old).await;
    assert_ne!(world.anonymous.preview(&old).await, Value::Null, "it is good for others");
    let new = alice.invite(&group).await;
    bob.accept(&new).await;
    bob.send(&group, "here I am").await;
}

async fn who_has_left_comes_back_by_an_old_one(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let old = alice.invite(&group).await;
    bob.leave(&group).await;
    bob.accept(&old).await;
    bob.send(&group, "here I am").await;
}

async fn two_of_whom_one_blocks_the_other_are_not_brought_together(world: World) {
    let [alice, bob, carol, dave] = world.users(["alice", "bob", "carol", "dave"]).await;
    let group = world.group(&alice, &[&dave]).await;
    let code = alice.invite(&group).await;
    alice.block(&bob).await;
    carol.block(&alice).await;
    no_good(&bob, &code).await;
    no_good(&carol, &code).await;
    // A group is not of two: that others in it block somebody keeps nobody out, as when they are added.
    dave.block(&bob).await;
    alice.unblock(&bob).await;
    bob.accept(&code).await;
}

async fn guests_and_the_anonymous_do_not_come_in(world: World) {
    let alice = world.user("alice").await;
    let guest = world.guest("visitor").await;
    let group = world.group(&alice, &[]).await;
    let code = alice.invite(&group).await;
    guest.try_accept(&code).await.refused_with("threadInvitationAccept", "FORBIDDEN");
    let answer = world.anonymous.mutate("threadInvitationAccept", json!({ "code": code }), "cursor").await;
    answer.failed("UNAUTHENTICATED");
    assert_eq!(alice.thread(&group).await["participantCount"], 1);
}

async fn only_the_admins_of_a_group_invite(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let (group, room) = (world.group(&alice, &[&bob]).await, world.room_of(&alice, &[&bob]).await);
    let direct = world.direct(&alice, &bob).await;
    for (user, thread, code) in [
        (&bob, &group, "FORBIDDEN"),
        (&carol, &group, "NOT_FOUND"),
        (&alice, &room, "FORBIDDEN"),
        (&alice, &direct, "FORBIDDEN"),
    ] {
        user.try_invite(json!({ "threadId": thread })).await.refused("threadInvitationCreate", code, &["threadId"]);
    }
    let made = alice.try_invite(json!({ "threadId": group })).await;
    let id = made.text("/threadInvitationCreate/threadInvitation/id");
    bob.try_revoke_invitation(&id).await.refused("threadInvitationRevoke", "FORBIDDEN", &["id"]);
    carol.try_revoke_invitation(&id).await.refused("threadInvitationRevoke", "NOT_FOUND", &["id"]);
    alice.set_role(&group, &bob, "ADMIN").await;
    bob.revoke_invitation(&id).await;
    bob.try_revoke_invitation(&id).await.refused("threadInvitationRevoke", "NOT_FOUND", &["id"]);
    // An archived group takes in nobody.
    let code = bob.invite(&group).await;
    alice.archive(&group).await;
    no_good(&carol, &code).await;
    alice.unarchive(&group).await;
    carol.accept(&code).await;
}

async fn what_is_asked_for_wrongly_is_refused_at_its_place(world: World) {
    let alice = world.user("alice").await;
    let group = world.group(&alice, &[]).await;
    for (field, value) in [
        ("expiresAt", json!("2001-01-01T00:00:00Z")),
        ("expiresAt", json!("2999-01-01T00:00:00Z")),
        ("maxUses", json!(0)),
        ("maxUses", json!(1_000_001)),
        ("role", json!("AI")),
        ("threadId", json!("thr_1")),
    ] {
        let mut input = json!({ "threadId": group });
        input[field] = value;
        alice.try_invite(input).await.refused("threadInvitationCreate", "INVALID", &[field]);
    }
    for _ in 0..100 {
        alice.invite(&group).await;
    }
    alice.try_invite(json!({ "threadId": group })).await.refused("threadInvitationCreate", "TOO_LONG", &["threadId"]);
}

async fn who_comes_has_the_role_that_was_meant(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[]).await;
    let input = json!({ "threadId": group, "role": "ADMIN", "maxUses": 1 });
    let code = alice.try_invite(input).await.text("/threadInvitationCreate/code");
    bob.accept(&code).await;
    assert_eq!(bob.thread(&group).await["viewerState"]["canManage"], true);
    // Who is in stays as they are.
    let code =
        alice.try_invite(json!({ "threadId": group, "role": "MEMBER" })).await.text("/threadInvitationCreate/code");
    bob.accept(&code).await;
    assert_eq!(bob.thread(&group).await["viewerState"]["canManage"], true);
}

async fn who_tries_codes_has_to_wait(engine: Engine) {
    let settings = [("LINNET_RATE_LIMITS", "on"), ("LINNET_CREDENTIALS_PER_MINUTE", "5")];
    let world = World::start_with(engine, &settings).await;
    let alice = world.user("alice").await;
    let limited = async || {
        let answer = world.anonymous.graphql("{ threadInvitation(code: \"lni_guess\") { title } }", Value::Null).await;
        (answer.error_code() == Some("RATE_LIMITED")).then_some(())
    };
    eventually("looking to be refused", limited).await;
    // By whatever it is asked.
    alice.try_accept("lni_guess").await.failed("RATE_LIMITED");
}

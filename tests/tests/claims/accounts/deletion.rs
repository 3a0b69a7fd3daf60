//! Accounts that are deleted: what goes, what stays, and that a node may die over it.

use serde_json::{Value, json};
use tests::{Answer, Database, User, World, claims, eventually};

use super::{OTHER, OWN, is_out, sign_in};

claims![
    what_others_have_read_stays_without_a_sender,
    a_deleted_account_leaves_its_threads_as_anybody_would,
    a_deleted_account_takes_its_reactions_back,
    nothing_else_of_a_deleted_account_is_left,
    a_deleted_account_is_nobodys_at_once,
    deleting_an_account_takes_the_password,
    a_guest_goes_without_a_password,
    a_deletion_that_is_killed_half_way_goes_on,
    a_long_deletion_lets_others_come_first,
];

pub(super) async fn delete(user: &User, password: Option<&str>) -> Answer {
    user.mutate("accountDelete", json!({ "password": password }), "deletedId").await
}

/// Accounts that are being deleted, and jobs.
const LEFT: &str = "SELECT (SELECT COUNT(*) FROM users WHERE deleted_at IS NOT NULL) + (SELECT COUNT(*) FROM jobs)";

/// Deletes an account, and waits until nothing is left to do for it.
pub(super) async fn deleted(world: &World, user: &User) {
    assert_eq!(delete(user, Some(OWN)).await.text("/accountDelete/deletedId"), user.id);
    cleared(&world.database).await;
}

pub(super) async fn cleared(database: &Database) {
    eventually("the account to be gone", async || (database.number(LEFT).await == 0).then_some(())).await;
}

async fn what_others_have_read_stays_without_a_sender(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let first = alice.send(&thread, "hello").await;
    let answer = bob.reply(&thread, &first, "hello yourself").await;
    alice.edit(&first, "hello!").await;
    bob.mark_read(&thread, &answer.cursor).await.ok("/threadMarkRead/cursor");
    deleted(&world, &alice).await;
    let select = "content version createdAt sender { id } replyCount revisions(first: 5) { content }";
    let message = bob.message(&first.id, select).await;
    assert_eq!((&message["content"], &message["version"]), (&json!("hello!"), &json!(2)));
    assert_eq!((&message["sender"], &message["replyCount"]), (&Value::Null, &json!(1)));
    assert_eq!(message["revisions"][0]["content"], "hello");
    let history: Vec<_> = bob.history(&thread).await.into_iter().map(|(cursor, _)| cursor).collect();
    assert_eq!(history, [first.cursor, answer.cursor.clone()], "places and cursors are as they were");
    bob.send(&thread, "are you there?").await;
    assert_eq!(bob.unread(&thread).await, 0);
}

async fn a_deleted_account_leaves_its_threads_as_anybody_would(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let start = bob.event_cursor(&group).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, Some(&start)).await;
    events.until("CaughtUp").await;
    deleted(&world, &alice).await;
    let left = events.event().await;
    assert_eq!((&left["__typename"], &left["change"]), (&json!("ParticipantChanged"), &json!("LEFT")), "{left}");
    // They joined at once, so it is for their ids to say who has been there longer.
    let (heir, other) = (bob.id.clone().min(carol.id.clone()), bob.id.clone().max(carol.id.clone()));
    let promoted = events.event().await;
    assert_eq!((&promoted["change"], &promoted["user"]["id"]), (&json!("ROLE_CHANGED"), &json!(heir)), "{promoted}");
    let there: Vec<_> = bob.participants(&group).await.iter().map(|one| one["user"]["id"].clone()).collect();
    assert_eq!(there, [json!(heir), json!(other)]);
    assert_eq!(bob.thread(&group).await["participantCount"], 2);
    // Who comes later reads the same log, in which somebody left who is no more.
    let frames = socket.events(&group, Some(&start)).await.until("CaughtUp").await;
    assert_eq!((&frames[0]["change"], &frames[0]["user"]), (&json!("LEFT"), &Value::Null));
}

async fn a_deleted_account_takes_its_reactions_back(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&bob, &[&alice, &carol]).await;
    let sent = bob.send(&group, "hello").await;
    for emoji in ["👍", "🎉"] {
        alice.react(&sent, emoji).await;
    }
    let last = carol.react(&sent, "👍").await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events_of(&group, Some(&last), Some(&["REACTIONS_CHANGED"])).await;
    events.until("CaughtUp").await;
    deleted(&world, &alice).await;
    let frame = events.event().await;
    let expected = json!([{ "emoji": "👍", "count": 1 }]);
    assert_eq!(frame["__typename"], "ReactionsChanged");
    assert_eq!(bob.message(&sent.id, "reactions { emoji count }").await["reactions"], expected);
}

/// A word that is in all that an account says of itself.
pub(super) const CANARY: &str = "canary";

async fn nothing_else_of_a_deleted_account_is_left(world: World) {
    let canary = world.user(CANARY).await;
    let bob = world.user("bob").await;
    let profile = json!({ "displayName": "Canary Yellow", "firstName": "Canary", "bio": "a canary",
        "avatarUrl": "https://canary.example.org/me.png" });
    canary.update_profile(profile).await.ok("/profileUpdate/user/id");
    let thread = world.direct(&canary, &bob).await;
    let input = json!({ "threadId": thread, "content": "the canary sings", "clientKey": "canary-1" });
    let sent = canary.send_with(input).await;
    canary.mark_read(&thread, &sent.cursor).await;
    let request = json!({ "email": "canary@example.org" });
    world.anonymous.mutate("passwordResetRequest", request, "errors { code }").await;
    assert!(holding(&world.database).await.len() > 3, "the search finds what there is");
    deleted(&world, &canary).await;
    let mut left = holding(&world.database).await;
    // What the message says stays, and stays to be found.
    left.retain(|column| !column.starts_with("message_search"));
    assert_eq!(left, ["messages.content"]);
    let addresses =
        format!("SELECT COUNT(*) FROM audit_log WHERE ip_address IS NOT NULL AND user_id <> {}", id_of(&bob));
    assert_eq!(world.database.number(&addresses).await, 0);
    assert!(world.database.number("SELECT COUNT(*) FROM audit_log WHERE action = 'account_delete'").await == 1);
}

/// As a literal of either engine: the account that bears this name.
fn id_of(user: &User) -> String {
    format!("(SELECT id FROM users WHERE username = '{}')", user.username)
}

/// The columns of the whole database in which the word is.
pub(super) async fn holding(database: &Database) -> Vec<String> {
    let mut holding = Vec::new();
    for (table, column) in database.columns().await {
        let sql = format!("SELECT COUNT(*) FROM \"{table}\" WHERE lower(CAST(\"{column}\" AS text)) LIKE '%{CANARY}%'");
        if database.number(&sql).await > 0 {
            holding.push(format!("{table}.{column}"));
        }
    }
    holding
}

async fn a_deleted_account_is_nobodys_at_once(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    world.prove(&alice).await;
    let other = world.anonymous.sign_in("alice").await;
    let socket = world.socket(&other).await;
    // Much to do, so that it takes a while.
    for number in 0..30 {
        alice.create_room(&format!("room {number}")).await;
    }
    delete(&alice, Some(OWN)).await.ok("/accountDelete/deletedId");
    is_out(&world, &alice).await;
    assert_eq!(socket.closed().await, 4403);
    sign_in(&world.anonymous, "alice", OWN).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    sign_in(&world.anonymous, "alice@example.org", OWN).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    let found = bob.graphql("{ users(first: 5) { nodes { username } } }", Value::Null).await;
    assert_eq!(found.ok("/users/nodes"), &json!([{ "username": "bob" }]));
    let again = world.user("alice").await;
    assert_ne!(again.id, alice.id, "name and address are free");
    assert!(world.server.mails_to("alice@example.org", "Your account was deleted").len() <= 1);
    world.server.mail_to("alice@example.org", "Your account was deleted", 1).await;
}

async fn deleting_an_account_takes_the_password(world: World) {
    let alice = world.user("alice").await;
    for password in [None, Some(""), Some(OTHER)] {
        delete(&alice, password).await.refused("accountDelete", "WRONG_CREDENTIALS", &["password"]);
    }
    let answer = world.anonymous.mutate("accountDelete", json!({ "password": OWN }), "deletedId").await;
    answer.failed("UNAUTHENTICATED");
    assert_eq!(alice.graphql("{ viewer { user { id } } }", Value::Null).await.text("/viewer/user/id"), alice.id);
}

async fn a_guest_goes_without_a_password(world: World) {
    let alice = world.user("alice").await;
    let guest = world.guest("visitor").await;
    let room = world.room(&alice).await;
    guest.join(&room).await;
    let sent = guest.send(&room, "only looking").await;
    delete(&guest, None).await.ok("/accountDelete/deletedId");
    cleared(&world.database).await;
    assert_eq!(alice.message(&sent.id, "content sender { id }").await["sender"], Value::Null);
    assert_eq!(alice.thread(&room).await["participantCount"], 1);
}

async fn a_deletion_that_is_killed_half_way_goes_on(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let mut groups = Vec::new();
    for _ in 0..60 {
        groups.push(world.group(&alice, &[&bob]).await);
    }
    alice.send(&groups[59], "hello").await;
    delete(&alice, Some(OWN)).await.ok("/accountDelete/deletedId");
    let joined = "SELECT COUNT(*) FROM thread_participants p JOIN users u ON u.id = p.user_id \
        WHERE u.deleted_at IS NOT NULL AND p.left_at IS NULL";
    eventually("it to have left some", async || (world.database.number(joined).await < 60).then_some(())).await;
    world.server.kill9();
    let left = world.database.number(joined).await;
    assert!(left > 0, "it was to be killed half way");
    // The node is gone, so its time is.
    world.database.execute("UPDATE jobs SET available_at = '2001-01-01T00:00:00.000000+00:00'").await;
    world.server.restart().await;
    cleared(&world.database).await;
    let bob = world.anonymous.sign_in("bob").await;
    for group in &groups {
        assert_eq!(bob.thread(group).await["participantCount"], 1);
    }
    // Each was left once, whatever happened in between.
    let events = "SELECT COUNT(*) FROM thread_events WHERE kind = 6";
    assert_eq!(world.database.number(events).await, 120, "one left and one became admin, in each");
}

async fn a_long_deletion_lets_others_come_first(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for _ in 0..40 {
        let group = world.group(&alice, &[&bob]).await;
        alice.send(&group, "hello").await;
    }
    delete(&alice, Some(OWN)).await.ok("/accountDelete/deletedId");
    let gone = async || (world.database.number(LEFT).await == 0).then_some(());
    let turns = world.server.turns("clear_account", "the account to be gone", gone).await;
    assert!(turns > 1.5, "it was done in {turns} turns");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM failed_jobs").await, 0);
}

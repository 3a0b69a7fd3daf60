//! Passwords: changed by who knows them, set anew by who reads the account's mail; and nobody stays in by an old one.

use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::account::SESSION;
use tests::mail::{PROVE, RESET};
use tests::{Answer, Client, Engine, User, World, claims, eventually};

use super::{OTHER, OWN, VIEWER, audited, is_out, open_sessions, sign_in, viewer};

claims![
    who_changes_a_password_stays_and_others_are_out,
    a_change_takes_the_current_password,
    guesses_at_the_current_password_are_counted,
    who_signs_in_while_the_password_changes_does_not_stay,
    asking_for_a_reset_tells_nothing,
    a_forgotten_password_is_set_anew_once,
    a_reset_ends_all_sessions,
    a_reset_is_good_for_an_hour,
    of_two_resets_at_once_one_holds,
    whatever_changes_an_account_ends_its_resets,
    who_is_suspended_resets_nothing,
];

const CHANGED: &str = "Your password was changed";

async fn change(user: &User, current: &str, new: &str) -> Answer {
    let input = json!({ "currentPassword": current, "newPassword": new });
    user.mutate("accountChangePassword", input, VIEWER).await
}

async fn request(client: &Client, email: &str) -> Answer {
    client.mutate("passwordResetRequest", json!({ "email": email }), "").await
}

async fn reset(client: &Client, code: &str, new: &str) -> Answer {
    client.mutate("passwordReset", json!({ "token": code, "newPassword": new }), "user { id }").await
}

/// Asks for a reset, and gives the code of the mail, which is the `number`th.
async fn requested(world: &World, user: &User, number: usize) -> String {
    request(&world.anonymous, &user.email()).await.ok("/passwordResetRequest/errors");
    world.server.mail_to(&user.email(), RESET, number).await.code()
}

async fn who_changes_a_password_stays_and_others_are_out(world: World) {
    let alice = world.user("alice").await;
    world.prove(&alice).await;
    let (other, third) = (world.anonymous.sign_in("alice").await, world.anonymous.sign_in("alice").await);
    let (stays, ends) = (world.socket(&alice).await, world.socket(&other).await);
    let answer = change(&alice, OWN, OTHER).await;
    assert_eq!(answer.text("/accountChangePassword/viewer/user/id"), alice.id);
    assert_eq!(ends.closed().await, 4403);
    is_out(&world, &other).await;
    is_out(&world, &third).await;
    assert_eq!(viewer(&alice).await["user"]["id"], alice.id);
    assert_eq!(stays.subscribe("{ __typename }", Value::Null).await.value().await, "Query");
    world.anonymous.refresh(&alice.refresh_token).await;
    sign_in(&world.anonymous, "alice", OWN).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    sign_in(&world.anonymous, "alice", OTHER).await.ok("/sessionCreate/user/id");
    assert_eq!(audited(&world, &alice, "password_change", true).await, 1);
    let told = world.server.mail_to(&alice.email(), CHANGED, 1).await;
    assert!(!told.text.contains(OTHER) && !told.text.contains(OWN), "{told:?}");
}

async fn a_change_takes_the_current_password(world: World) {
    let alice = world.user("alice").await;
    let guest = world.guest("visitor").await;
    for wrong in [OTHER, "", &"x".repeat(300)] {
        let answer = change(&alice, wrong, OTHER).await;
        answer.refused("accountChangePassword", "WRONG_CREDENTIALS", &["currentPassword"]);
    }
    let long = "x".repeat(257);
    for (new, code) in [("short", "INVALID"), (long.as_str(), "TOO_LONG"), ("with\u{0}nothing", "INVALID")] {
        change(&alice, OWN, new).await.refused("accountChangePassword", code, &["newPassword"]);
    }
    change(&guest, "", OTHER).await.refused("accountChangePassword", "FORBIDDEN", &[]);
    let input = json!({ "currentPassword": OWN, "newPassword": OTHER });
    world.anonymous.mutate("accountChangePassword", input, VIEWER).await.failed("UNAUTHENTICATED");
    sign_in(&world.anonymous, "alice", OWN).await.ok("/sessionCreate/user/id");
    let noted = async || (audited(&world, &alice, "sign_in_failure", true).await == 3).then_some(());
    eventually("the failures to be written down", noted).await;
}

async fn guesses_at_the_current_password_are_counted(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_RATE_LIMITS", "on")]).await;
    let alice = world.user("alice").await;
    let mut guesses = 0;
    let refused = loop {
        let answer = change(&alice, OTHER, "whatever it is").await;
        if answer.json.get("errors").is_some() {
            break answer;
        }
        guesses += 1;
    };
    refused.failed("RATE_LIMITED");
    assert!((1..=6).contains(&guesses), "{guesses}");
}

/// A thief who knows the password signs in again and again while it is changed.
async fn who_signs_in_while_the_password_changes_does_not_stay(world: World) {
    let alice = world.user("alice").await;
    let thieves = join_all((0..12).map(|_| sign_in(&world.anonymous, "alice", OWN)));
    let (changed, sign_ins) = join(change(&alice, OWN, OTHER), thieves).await;
    changed.ok("/accountChangePassword/viewer");
    for answer in &sign_ins {
        if answer.user_errors("sessionCreate").is_empty() {
            let user = world.anonymous.signed_in("sessionCreate", answer);
            is_out(&world, &user).await;
        }
    }
    assert_eq!(open_sessions(&world, &alice).await, 1, "her own");
}

async fn asking_for_a_reset_tells_nothing(world: World) {
    let alice = world.user("alice").await;
    world.server.mail_to(&alice.email(), PROVE, 1).await;
    let known = request(&world.anonymous, "ALICE@example.org").await;
    known.ok("/passwordResetRequest/errors");
    assert_eq!(request(&world.anonymous, "nobody@example.org").await, known);
    request(&world.anonymous, "nonsense").await.refused("passwordResetRequest", "INVALID", &["email"]);
    world.server.mail_to(&alice.email(), RESET, 1).await;
    tests::job::all_done(&world.database).await;
    assert_eq!(world.server.mails().len(), 2, "to nobody else: {:?}", world.server.mails());
    // What is sent to the database for the one is sent for the other.
    let mut sent = Vec::new();
    for email in ["alice@example.org", "nobody@example.org"] {
        let document = "mutation($e: String!) { passwordResetRequest(input: { email: $e }) { errors { code } } }";
        let (_, statements) = crate::statements::statements_of(&world, &alice, document, json!({ "e": email })).await;
        sent.push(statements);
    }
    let inserts = |list: &Vec<String>| list.iter().filter(|sql| sql.starts_with("INSERT INTO jobs ")).count();
    assert_eq!((inserts(&sent[0]), inserts(&sent[1])), (1, 1), "{sent:?}");
}

async fn a_forgotten_password_is_set_anew_once(world: World) {
    let alice = world.user("alice").await;
    let first = requested(&world, &alice, 1).await;
    let code = requested(&world, &alice, 2).await;
    for wrong in [first.as_str(), "", "lnp_", &alice.token, "\u{0}"] {
        reset(&world.anonymous, wrong, OTHER).await.refused("passwordReset", "WRONG_CREDENTIALS", &["token"]);
    }
    reset(&world.anonymous, &code, "short").await.refused("passwordReset", "INVALID", &["newPassword"]);
    assert_eq!(reset(&world.anonymous, &code, OTHER).await.text("/passwordReset/user/id"), alice.id);
    reset(&world.anonymous, &code, "and yet another one").await.refused(
        "passwordReset",
        "WRONG_CREDENTIALS",
        &["token"],
    );
    sign_in(&world.anonymous, "alice", OWN).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    let answer = sign_in(&world.anonymous, "alice", OTHER).await;
    let again = world.anonymous.signed_in("sessionCreate", &answer);
    assert!(viewer(&again).await["emailVerifiedAt"].is_string(), "who reads the mail has proved the address");
    assert_eq!(audited(&world, &alice, "password_reset", false).await, 1);
    world.server.mail_to(&alice.email(), CHANGED, 1).await;
}

async fn a_reset_ends_all_sessions(world: World) {
    let alice = world.user("alice").await;
    let other = world.anonymous.sign_in("alice").await;
    let sockets = [world.socket(&alice).await, world.socket(&other).await];
    let code = requested(&world, &alice, 1).await;
    reset(&other, &code, OTHER).await.ok("/passwordReset/user/id");
    for socket in &sockets {
        assert_eq!(socket.closed().await, 4403);
    }
    is_out(&world, &alice).await;
    is_out(&world, &other).await;
    assert_eq!(open_sessions(&world, &alice).await, 0);
}

async fn a_reset_is_good_for_an_hour(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (of_alice, of_bob) = (requested(&world, &alice, 1).await, requested(&world, &bob, 1).await);
    world.server.advance_clock(Duration::from_secs(59 * 60)).await;
    reset(&world.anonymous, &of_alice, OTHER).await.ok("/passwordReset/user/id");
    world.server.advance_clock(Duration::from_secs(2 * 60)).await;
    reset(&world.anonymous, &of_bob, OTHER).await.refused("passwordReset", "EXPIRED", &["token"]);
    sign_in(&world.anonymous, "bob", OWN).await.ok("/sessionCreate/user/id");
}

async fn of_two_resets_at_once_one_holds(world: World) {
    let alice = world.user("alice").await;
    let code = requested(&world, &alice, 1).await;
    let passwords = ["the first new password", "the second new password"];
    let answers = join_all(passwords.map(|password| reset(&world.anonymous, &code, password))).await;
    let held: Vec<_> = answers.iter().map(|answer| answer.user_errors("passwordReset").is_empty()).collect();
    assert_eq!(held.iter().filter(|held| **held).count(), 1, "{answers:?}");
    for (password, held) in passwords.iter().zip(held) {
        let answer = sign_in(&world.anonymous, "alice", password).await;
        assert_eq!(answer.user_errors("sessionCreate").is_empty(), held);
    }
}

async fn whatever_changes_an_account_ends_its_resets(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (of_alice, of_bob) = (requested(&world, &alice, 1).await, requested(&world, &bob, 1).await);
    change(&alice, OWN, OTHER).await.ok("/accountChangePassword/viewer");
    let input = json!({ "email": "bob@new.example", "password": OWN });
    bob.mutate("accountChangeEmail", input, VIEWER).await.ok("/accountChangeEmail/viewer");
    let proof = world.server.mail_to("bob@new.example", PROVE, 1).await.code();
    world
        .anonymous
        .mutate("accountVerifyEmail", json!({ "token": proof }), "user { id }")
        .await
        .ok("/accountVerifyEmail/user");
    // Who has the old address now gets no account by it.
    let input = json!({ "username": "carol", "email": bob.email(), "password": OWN });
    let carol = world.anonymous.mutate("accountCreate", input, SESSION).await;
    carol.ok("/accountCreate/user/id");
    for code in [of_alice, of_bob] {
        let answer = reset(&world.anonymous, &code, "a thief's password").await;
        answer.refused("passwordReset", "WRONG_CREDENTIALS", &["token"]);
    }
}

async fn who_is_suspended_resets_nothing(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let code = requested(&world, &alice, 1).await;
    world.database.execute("UPDATE users SET suspended_at = created_at WHERE username = 'alice'").await;
    reset(&world.anonymous, &code, OTHER).await.refused("passwordReset", "EXPIRED", &["token"]);
    request(&world.anonymous, &alice.email()).await.ok("/passwordResetRequest/errors");
    requested(&world, &bob, 1).await;
    tests::job::all_done(&world.database).await;
    assert_eq!(world.server.mails_to(&alice.email(), RESET).len(), 1);
}

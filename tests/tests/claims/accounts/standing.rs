//! Guests that become full accounts, and accounts that rest.

use futures_util::future::join;
use serde_json::{Value, json};
use tests::mail::PROVE;
use tests::{Answer, User, World, claims};

use super::{OTHER, OWN, VIEWER, audited, is_out, open_sessions, sign_in, viewer};

claims![
    a_guest_becomes_a_full_account_and_keeps_what_it_wrote,
    who_has_a_password_is_given_none,
    of_two_upgrades_at_once_one_holds,
    an_account_rests_until_its_owner_signs_in,
    putting_an_account_to_rest_takes_the_password,
    who_is_suspended_does_not_take_up_an_account,
];

async fn upgrade(user: &User, email: &str, password: &str) -> Answer {
    user.mutate("accountUpgrade", json!({ "email": email, "password": password }), VIEWER).await
}

async fn deactivate(user: &User, password: &str) -> Answer {
    user.mutate("accountDeactivate", json!({ "password": password }), "deactivatedId").await
}

async fn a_guest_becomes_a_full_account_and_keeps_what_it_wrote(world: World) {
    let alice = world.user("alice").await;
    let guest = world.guest("visitor").await;
    let room = world.room(&alice).await;
    guest.join(&room).await;
    let sent = guest.send(&room, "I was only looking").await;
    let answer = upgrade(&guest, "visitor@example.org", OTHER).await;
    let expected = json!({ "email": "visitor@example.org", "pendingEmail": null, "emailVerifiedAt": null,
        "user": { "id": guest.id, "username": "visitor", "kind": "HUMAN" } });
    assert_eq!(answer.ok("/accountUpgrade/viewer"), &expected);
    assert_eq!(viewer(&guest).await, expected, "the same session goes on");
    let message = alice.message(&sent.id, "content sender { id username kind }").await;
    let sender = json!({ "id": guest.id, "username": "visitor", "kind": "HUMAN" });
    assert_eq!((&message["content"], &message["sender"]), (&json!("I was only looking"), &sender));
    let again = sign_in(&world.anonymous, "visitor", OTHER).await;
    assert_eq!(again.text("/sessionCreate/user/id"), guest.id);
    // And it may do what a guest may not.
    guest.create_direct(&alice).await;
    let code = world.server.mail_to("visitor@example.org", PROVE, 1).await.code();
    guest.mutate("accountVerifyEmail", json!({ "token": code }), "user { id }").await.ok("/accountVerifyEmail/user/id");
    assert_eq!(audited(&world, &guest, "account_upgrade", true).await, 1);
}

async fn who_has_a_password_is_given_none(world: World) {
    let alice = world.user("alice").await;
    let guest = world.guest("visitor").await;
    upgrade(&alice, "other@example.org", OTHER).await.refused("accountUpgrade", "CONFLICT", &[]);
    let input = json!({ "email": "other@example.org", "password": OTHER });
    world.anonymous.mutate("accountUpgrade", input, VIEWER).await.failed("UNAUTHENTICATED");
    upgrade(&guest, "ALICE@example.org", OTHER).await.refused("accountUpgrade", "TAKEN", &["email"]);
    upgrade(&guest, "nonsense", OTHER).await.refused("accountUpgrade", "INVALID", &["email"]);
    upgrade(&guest, "visitor@example.org", "short").await.refused("accountUpgrade", "INVALID", &["password"]);
    assert_eq!(viewer(&guest).await["user"]["kind"], "GUEST");
    upgrade(&guest, "visitor@example.org", OTHER).await.ok("/accountUpgrade/viewer");
    upgrade(&guest, "second@example.org", OWN).await.refused("accountUpgrade", "CONFLICT", &[]);
    sign_in(&world.anonymous, "visitor", OTHER).await.ok("/sessionCreate/user/id");
}

async fn of_two_upgrades_at_once_one_holds(world: World) {
    let [one, two] = [world.guest("one").await, world.guest("two").await];
    let answers = join(upgrade(&one, "one@example.org", OWN), upgrade(&one, "other@example.org", OTHER)).await;
    let mut codes = outcomes([answers.0, answers.1]);
    assert_eq!(codes, [None, Some("CONFLICT".to_owned())]);
    let three = world.guest("three").await;
    let answers = join(upgrade(&two, "same@example.org", OWN), upgrade(&three, "same@example.org", OWN)).await;
    codes = outcomes([answers.0, answers.1]);
    assert_eq!(codes, [None, Some("TAKEN".to_owned())]);
}

fn outcomes(answers: [Answer; 2]) -> Vec<Option<String>> {
    let code = |answer: &Answer| answer.user_errors("accountUpgrade").first().map(|error| error.code.clone());
    let mut codes: Vec<_> = answers.iter().map(code).collect();
    codes.sort();
    codes
}

async fn an_account_rests_until_its_owner_signs_in(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    world.prove(&alice).await;
    let other = world.anonymous.sign_in("alice").await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "good night").await;
    let sockets = [world.socket(&alice).await, world.socket(&other).await];
    let answer = deactivate(&alice, OWN).await;
    assert_eq!(answer.text("/accountDeactivate/deactivatedId"), alice.id);
    for socket in &sockets {
        assert_eq!(socket.closed().await, 4403);
    }
    is_out(&world, &alice).await;
    is_out(&world, &other).await;
    assert_eq!(bob.message(&sent.id, "sender { id }").await["sender"]["id"], alice.id, "what it wrote stays");
    sign_in(&world.anonymous, "alice", OTHER).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    assert_eq!(open_sessions(&world, &alice).await, 0);
    let again = world.anonymous.sign_in("alice").await;
    assert_eq!(again.id, alice.id);
    again.send(&thread, "good morning").await;
    is_out(&world, &alice).await;
    for (action, count) in [("account_deactivate", 1), ("account_reactivate", 1), ("sign_in", 2)] {
        assert_eq!(audited(&world, &alice, action, true).await, count, "{action}");
    }
    world.server.mail_to(&alice.email(), "Your account was deactivated", 1).await;
}

async fn putting_an_account_to_rest_takes_the_password(world: World) {
    let alice = world.user("alice").await;
    let guest = world.guest("visitor").await;
    for wrong in [OTHER, "", &"x".repeat(300)] {
        deactivate(&alice, wrong).await.refused("accountDeactivate", "WRONG_CREDENTIALS", &["password"]);
    }
    deactivate(&guest, "").await.refused("accountDeactivate", "FORBIDDEN", &[]);
    let anonymous = world.anonymous.mutate("accountDeactivate", json!({ "password": OWN }), "deactivatedId").await;
    anonymous.failed("UNAUTHENTICATED");
    alice.graphql("{ viewer { email } }", Value::Null).await.ok("/viewer/email");
}

async fn who_is_suspended_does_not_take_up_an_account(world: World) {
    let alice = world.user("alice").await;
    deactivate(&alice, OWN).await.ok("/accountDeactivate/deactivatedId");
    world.database.execute("UPDATE users SET suspended_at = created_at WHERE username = 'alice'").await;
    sign_in(&world.anonymous, "alice", OWN).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM users WHERE is_active AND username = 'alice'").await, 0);
}

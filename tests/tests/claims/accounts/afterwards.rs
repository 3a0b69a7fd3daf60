//! What is asked for by a document, or at a moment, at which the account is gone already, or whatever spoke for it.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tests::mail::{PROVE, RESET};
use tests::{Engine, User, Wallet, World, claims, eventually};

use super::deletion::{cleared, delete};
use super::{OTHER, OWN, VIEWER, sign_in, viewer};

claims![
    what_follows_a_deletion_in_its_document_leaves_nothing,
    a_deleted_guest_does_not_become_a_full_account,
    a_session_that_ended_makes_no_key,
    an_administrator_who_has_signed_out_suspends_nobody,
    the_name_of_a_deleted_account_is_nobodys_to_take,
    a_deletion_that_was_given_up_is_taken_up_again,
    a_failure_that_is_noted_late_leaves_no_address,
    an_address_that_a_thief_asked_for_goes_with_the_password,
    a_reset_revokes_all_keys,
    who_gave_an_address_of_somebody_else_keeps_no_wallet_in_the_account,
];

async fn what_follows_a_deletion_in_its_document_leaves_nothing(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (known, new) = (world.room_of(&bob, &[&alice]).await, world.room(&bob).await);
    let document = format!(
        "mutation($p: String) {{ accountDelete(input: {{ password: $p }}) {{ deletedId }} \
         threadJoin(input: {{ id: \"{new}\" }}) {{ thread {{ id }} }} \
         messageSend(input: {{ threadId: \"{known}\", content: \"still here\", clientKey: \"late\" }}) {{ message {{ id }} }} }}"
    );
    let answer = alice.graphql(&document, json!({ "p": OWN })).await;
    assert!(answer.json["data"]["threadJoin"]["thread"].is_null(), "{}", answer.json);
    for (number, late) in [
        "profileUpdate(input: { bio: \"back again\" }) { user { id } }",
        "apiKeyCreate(input: { name: \"late\", scopes: [WRITE] }) { token }",
        "threadCreate(input: { room: { title: \"late\" } }) { thread { id } }",
        "diaryEntryCreate(input: { title: \"late\", content: \"late\", entryDate: \"2026-11-20\" }) { errors { code } }",
    ]
    .into_iter()
    .enumerate()
    {
        let user = world.user(&format!("user{number}")).await;
        let document = format!("mutation($p: String) {{ accountDelete(input: {{ password: $p }}) {{ deletedId }} {late} }}");
        user.graphql(&document, json!({ "p": OWN })).await.failed("UNAUTHENTICATED");
    }
    cleared(&world.database).await;
    for room in [&known, &new] {
        assert_eq!(bob.thread(room).await["participantCount"], 1);
    }
    for nothing in [
        "SELECT COUNT(*) FROM messages WHERE sender_id IS NULL AND client_key IS NOT NULL",
        "SELECT COUNT(*) FROM threads WHERE title = 'late'",
        "SELECT COUNT(*) FROM api_keys",
        "SELECT COUNT(*) FROM diaries",
        "SELECT COUNT(*) FROM audit_log WHERE action = 'api_key_create'",
    ] {
        assert_eq!(world.database.number(nothing).await, 0, "{nothing}");
    }
}

async fn a_deleted_guest_does_not_become_a_full_account(world: World) {
    let guest = world.guest("visitor").await;
    let upgrade =
        format!("accountUpgrade(input: {{ email: \"late@example.org\", password: \"{OTHER}\" }}) {{ {VIEWER} }}");
    let document = format!("mutation {{ accountDelete(input: {{}}) {{ deletedId }} {upgrade} }}");
    let answer = guest.graphql(&document, Value::Null).await;
    assert_eq!(answer.json["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{}", answer.json);
    cleared(&world.database).await;
    sign_in(&world.anonymous, "late@example.org", OTHER).await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
}

async fn a_session_that_ended_makes_no_key(world: World) {
    let alice = world.user("alice").await;
    let key = "apiKeyCreate(input: { name: \"late\", scopes: [WRITE] }) { token }";
    let document = format!("mutation {{ sessionRevoke(input: {{}}) {{ revokedId }} {key} }}");
    let answer = alice.graphql(&document, Value::Null).await;
    assert_eq!(answer.json["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{}", answer.json);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM api_keys").await, 0);
}

async fn an_administrator_who_has_signed_out_suspends_nobody(world: World) {
    let [ada, bob] = world.users(["ada", "bob"]).await;
    world.grant_admin("ada").await;
    for late in ["userSuspend", "userUnsuspend"] {
        let admin = world.anonymous.sign_in(&ada.username).await;
        let late = format!("{late}(input: {{ id: \"{}\" }}) {{ errors {{ code }} }}", bob.id);
        let document = format!("mutation {{ sessionRevoke(input: {{}}) {{ revokedId }} {late} }}");
        let answer = admin.graphql(&document, Value::Null).await;
        assert_eq!(answer.json["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{}", answer.json);
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM users WHERE suspended_at IS NOT NULL").await, 0);
}

/// The part of an id that is the account's alone, as hexadecimal digits.
fn digits(id: &str) -> String {
    let (_, suffix) = id.split_once('_').unwrap();
    let value = suffix.bytes().fold(0_u128, |value, letter| {
        let place = b"0123456789abcdefghjkmnpqrstvwxyz".iter().position(|known| *known == letter).unwrap();
        value << 5 | place as u128
    });
    format!("{value:032x}")
}

async fn the_name_of_a_deleted_account_is_nobodys_to_take(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let name = format!("deleted-{}", digits(&alice.id));
    world.anonymous.sign_up(&name).await;
    assert_eq!(delete(&alice, Some(OWN)).await.text("/accountDelete/deletedId"), alice.id);
    cleared(&world.database).await;
    let name = format!("deleted:{}", digits(&bob.id));
    let input = json!({ "username": name, "email": "thief@example.org", "password": OWN });
    let answer = world.anonymous.mutate("accountCreate", input, "user { id }").await;
    answer.refused("accountCreate", "INVALID", &["username"]);
}

async fn a_deletion_that_was_given_up_is_taken_up_again(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&bob, &[&alice]).await;
    // As it is left when its job was given up.
    let past = "UPDATE users SET deleted_at = '2001-01-01T00:00:00+00:00' WHERE username = 'alice'";
    world.database.execute(past).await;
    world.server.remove_expired().await;
    cleared(&world.database).await;
    assert_eq!(bob.thread(&group).await["participantCount"], 1);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM users").await, 1);
}

async fn a_failure_that_is_noted_late_leaves_no_address(world: World) {
    let alice = world.user("alice").await;
    let guesses = join_all((0..24).map(|_| sign_in(&world.anonymous, "alice", OTHER)));
    let (gone, _) = join(delete(&alice, Some(OWN)), guesses).await;
    gone.ok("/accountDelete/deletedId");
    cleared(&world.database).await;
    let left = "SELECT COUNT(*) FROM audit_log WHERE ip_address IS NOT NULL";
    assert_eq!(world.database.number(left).await, 0);
}

/// Somebody knows the password for a moment, and asks for an address of their own.
async fn stolen(world: &World, username: &str) -> (User, String) {
    let user = world.user(username).await;
    let evil = format!("{username}@evil.example");
    let input = json!({ "email": evil, "password": OWN });
    user.mutate("accountChangeEmail", input, VIEWER).await.ok("/accountChangeEmail/viewer");
    let code = world.server.mail_to(&evil, PROVE, 1).await.code();
    (user, code)
}

/// Sets a password anew by the mail that is asked for.
async fn reset(world: &World, user: &User) {
    let request = json!({ "email": user.email() });
    world.anonymous.mutate("passwordResetRequest", request, "").await.ok("/passwordResetRequest/errors");
    let token = world.server.mail_to(&user.email(), RESET, 1).await.code();
    let input = json!({ "token": token, "newPassword": OTHER });
    world.anonymous.mutate("passwordReset", input, "user { id }").await.ok("/passwordReset/user/id");
}

async fn an_address_that_a_thief_asked_for_goes_with_the_password(world: World) {
    let (alice, of_alice) = stolen(&world, "alice").await;
    let (bob, of_bob) = stolen(&world, "bob").await;
    let input = json!({ "currentPassword": OWN, "newPassword": OTHER });
    alice.mutate("accountChangePassword", input, VIEWER).await.ok("/accountChangePassword/viewer");
    reset(&world, &bob).await;
    for code in [of_alice, of_bob] {
        let answer = world.anonymous.mutate("accountVerifyEmail", json!({ "token": code }), "user { id }").await;
        answer.refused("accountVerifyEmail", "WRONG_CREDENTIALS", &["token"]);
    }
    for username in ["alice", "bob"] {
        let answer = sign_in(&world.anonymous, username, OTHER).await;
        let user = world.anonymous.signed_in("sessionCreate", &answer);
        let seen = viewer(&user).await;
        assert_eq!((&seen["email"], &seen["pendingEmail"]), (&json!(user.email()), &Value::Null));
    }
    // What proves the address that the account has is as good as before.
    let carol = world.user("carol").await;
    let code = world.server.mail_to(&carol.email(), PROVE, 1).await.code();
    let input = json!({ "currentPassword": OWN, "newPassword": OTHER });
    carol.mutate("accountChangePassword", input, VIEWER).await.ok("/accountChangePassword/viewer");
    let answer = carol.mutate("accountVerifyEmail", json!({ "token": code }), "user { id }").await;
    answer.ok("/accountVerifyEmail/user/id");
}

async fn a_reset_revokes_all_keys(world: World) {
    let alice = world.user("alice").await;
    let keys = [alice.create_key(&["READ"]).await, alice.create_key(&["WRITE"]).await];
    let input = json!({ "currentPassword": OWN, "newPassword": OWN });
    alice.mutate("accountChangePassword", input, VIEWER).await.ok("/accountChangePassword/viewer");
    assert!(keys[0].user.is_signed_in().await, "who changes a password keeps them");
    reset(&world, &alice).await;
    for key in &keys {
        let out = async || (!key.user.is_signed_in().await).then_some(());
        eventually("the key to be of no use", out).await;
    }
    let noted = "SELECT COUNT(*) FROM audit_log WHERE action = 'api_key_revoke' AND actor_id IS NULL";
    assert_eq!(world.database.number(noted).await, 2);
}

async fn who_gave_an_address_of_somebody_else_keeps_no_wallet_in_the_account(engine: Engine) {
    let world = World::start_with(engine, &tests::wallet::settings()).await;
    let [squatter, owner] = world.users(["squatter", "owner"]).await;
    world.prove(&owner).await;
    squatter.connect(&Wallet::number(1)).await;
    owner.connect(&Wallet::number(2)).await;
    // Whoever reads the mail of the address that the squatter gave comes in by it.
    for user in [&squatter, &owner] {
        reset(&world, user).await;
    }
    let signed = Wallet::number(1).signed(&world.anonymous.challenge(&Wallet::number(1)).await);
    world.anonymous.try_sign_in_with(signed).await.refused("sessionCreateWithWallet", "NOT_FOUND", &["message"]);
    assert_eq!(
        world.anonymous.sign_in_with(&Wallet::number(2)).await.id,
        owner.id,
        "an address that was proved keeps them"
    );
    let noted = "SELECT COUNT(*) FROM audit_log WHERE action = 'wallet_remove' AND actor_id IS NULL";
    assert_eq!(world.database.number(noted).await, 1);
}

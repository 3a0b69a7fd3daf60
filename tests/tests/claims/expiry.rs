//! What has expired is removed, by one node at a time, and nothing else is.

use std::time::Duration;

use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::mail::RESET;
use tests::{Database, Engine, User, Wallet, World, claims, eventually};

claims![
    what_has_expired_is_gone_and_the_rest_stays,
    a_stolen_token_that_comes_late_still_ends_its_family,
    much_goes_in_small_parts,
    one_node_at_a_time_removes_what_has_expired,
    what_was_given_up_long_ago_is_gone,
];

const DAY: u64 = 24 * 3600;
const PAST: &str = "2001-01-01T00:00:00+00:00";

async fn advance(world: &World, seconds: u64) {
    world.server.advance_clock(Duration::from_secs(seconds)).await;
}

async fn no_jobs(database: &Database) {
    tests::job::all_done(database).await;
}

/// Removes what has expired, and waits until that is done.
async fn remove_expired(world: &World) {
    world.server.remove_expired().await;
    no_jobs(&world.database).await;
}

/// How many sessions, their tokens, addresses to be proved, passwords to be set anew, and links to exports an account has.
async fn kept(world: &World, username: &str) -> [i64; 5] {
    let count = async |table: &str| {
        let account = format!("(SELECT id FROM users WHERE username = '{username}')");
        world.database.number(&format!("SELECT COUNT(*) FROM {table} WHERE user_id = {account}")).await
    };
    [
        count("user_sessions").await,
        count("refresh_tokens").await,
        count("email_verification_tokens").await,
        count("password_reset_tokens").await,
        count("export_tokens").await,
    ]
}

async fn challenges(world: &World) -> (i64, i64) {
    let count = async |table: &str| world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    (count("wallet_nonces").await, count("wallet_challenges").await)
}

/// Somebody with one of each.
async fn with_one_of_each(world: &World, username: &str) -> User {
    let user = world.user(username).await;
    world.anonymous.mutate("passwordResetRequest", json!({ "email": user.email() }), "").await.data();
    world.server.mail_to(&user.email(), RESET, 1).await;
    user.export_path().await;
    no_jobs(&world.database).await;
    assert_eq!(kept(world, username).await, [1; 5]);
    user
}

async fn what_has_expired_is_gone_and_the_rest_stays(engine: Engine) {
    let world = World::start_with(engine, &tests::wallet::settings()).await;
    let alice = with_one_of_each(&world, "alice").await;
    world.anonymous.challenge(&Wallet::number(1)).await;
    remove_expired(&world).await;
    assert_eq!((kept(&world, "alice").await, challenges(&world).await), ([1; 5], (1, 1)));
    // Who comes a little late is told so.
    advance(&world, DAY - 3600).await;
    remove_expired(&world).await;
    assert_eq!((kept(&world, "alice").await, challenges(&world).await), ([1; 5], (1, 1)));
    let late = world.server.mail_to(&alice.email(), RESET, 1).await.code();
    let input = json!({ "token": late, "newPassword": PASSWORD });
    world.anonymous.mutate("passwordReset", input, "user { id }").await.refused("passwordReset", "EXPIRED", &["token"]);
    advance(&world, 3 * 3600).await;
    remove_expired(&world).await;
    assert_eq!((kept(&world, "alice").await, challenges(&world).await), ([1, 1, 1, 0, 0], (0, 0)));
    advance(&world, DAY).await;
    remove_expired(&world).await;
    assert_eq!(kept(&world, "alice").await, [1, 1, 0, 0, 0]);
    // Whoever came meanwhile is not concerned.
    advance(&world, 29 * DAY).await;
    let bob = with_one_of_each(&world, "bob").await;
    world.anonymous.challenge(&Wallet::number(2)).await;
    remove_expired(&world).await;
    assert_eq!((kept(&world, "alice").await, kept(&world, "bob").await), ([0; 5], [1; 5]));
    assert_eq!(challenges(&world).await, (1, 1));
    assert!(bob.is_signed_in().await);
    let refreshed = world.anonymous.refresh(&bob.refresh_token).await;
    assert_eq!(refreshed.session, bob.session);
    // An account without a session is an account.
    assert_eq!(world.anonymous.sign_in("alice").await.id, alice.id);
}

async fn a_stolen_token_that_comes_late_still_ends_its_family(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let stolen = [alice.refresh_token.clone(), bob.refresh_token.clone()];
    let (mut alice, mut bob) = (alice, bob);
    for _ in 0..2 {
        for user in [&mut alice, &mut bob] {
            *user = world.anonymous.refresh(&user.refresh_token).await;
        }
        advance(&world, 14 * DAY).await;
    }
    for user in [&mut alice, &mut bob] {
        *user = world.anonymous.refresh(&user.refresh_token).await;
    }
    // The database's clock says when a token was used, and has not moved.
    world.database.execute(&format!("UPDATE refresh_tokens SET used_at = '{PAST}' WHERE used_at IS NOT NULL")).await;
    // On its twenty-ninth day it could still be played.
    advance(&world, DAY).await;
    remove_expired(&world).await;
    let play =
        async |token: &str| world.anonymous.mutate("sessionRefresh", json!({ "refreshToken": token }), SESSION).await;
    play(&stolen[0]).await.refused("sessionRefresh", "EXPIRED", &["refreshToken"]);
    play(&alice.refresh_token).await.refused("sessionRefresh", "EXPIRED", &["refreshToken"]);
    let lines = world.anonymous.sign_in("alice").await.audited().await;
    assert_eq!(lines, ["SIGN_IN", "TOKEN_REUSE", "ACCOUNT_CREATE"]);
    // A day after it has run out it is gone, nobody can play it, and the session goes on.
    advance(&world, 2 * DAY + 3600).await;
    remove_expired(&world).await;
    let used = "SELECT COUNT(*) FROM refresh_tokens r JOIN users u ON u.id = r.user_id WHERE u.username = 'bob'";
    assert_eq!(world.database.number(used).await, 2, "of the four that were issued");
    play(&stolen[1]).await.refused_with("sessionRefresh", "WRONG_CREDENTIALS");
    assert_eq!(world.anonymous.refresh(&bob.refresh_token).await.session, bob.session);
}

async fn much_goes_in_small_parts(world: World) {
    let alice = world.user("alice").await;
    no_jobs(&world.database).await;
    let (numbers, id, hash) = match world.database.engine() {
        Engine::Sqlite => (
            "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1300) SELECT n FROM n)",
            "randomblob(16)",
            "randomblob(32)",
        ),
        Engine::Postgres => (
            "(SELECT n FROM generate_series(1, 1300) n)",
            "gen_random_uuid()",
            "decode(md5(random()::text) || md5(random()::text), 'hex')",
        ),
    };
    let tokens = format!(
        "INSERT INTO refresh_tokens (id, session_id, user_id, token_hash, access_hash, access_expires_at, family_id, \
         created_at, expires_at) SELECT {id}, s.id, s.user_id, {hash}, {hash}, '{PAST}', {id}, '{PAST}', '{PAST}' \
         FROM user_sessions s, {numbers} numbers"
    );
    let sessions = format!(
        "INSERT INTO user_sessions (id, user_id, last_activity_at, created_at, expires_at) \
         SELECT {id}, s.user_id, '{PAST}', '{PAST}', '{PAST}' FROM user_sessions s, {numbers} numbers"
    );
    for sql in [tokens, sessions] {
        world.database.execute(&sql).await;
    }
    world.server.record_statements().await;
    remove_expired(&world).await;
    assert_eq!(kept(&world, "alice").await, [1, 1, 1, 0, 0]);
    let statements = world.server.statements().await;
    for table in ["refresh_tokens", "user_sessions"] {
        let of_table = format!("DELETE FROM {table} ");
        let parts = statements.iter().filter(|one| one.sql.starts_with(&of_table)).count();
        assert_eq!(parts, 4, "three that found some of {table}, and one that found none");
    }
    assert!(alice.is_signed_in().await);
}

/// The job's own id, as either engine has it: there is one at a time.
fn only(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "x'00000000000070008000000000000001'",
        Engine::Postgres => "'00000000-0000-7000-8000-000000000001'",
    }
}

async fn one_node_at_a_time_removes_what_has_expired(world: World) {
    world.user("alice").await;
    no_jobs(&world.database).await;
    let (id, now) = (only(world.database.engine()), "2100-01-01T00:00:00+00:00");
    // Another node is at it.
    let held = format!(
        "INSERT INTO jobs (id, queue, kind, payload, attempts, reserved_at, available_at, created_at) \
         VALUES ({id}, 'slow', 'remove_expired', '{{}}', 1, '{PAST}', '{now}', '{PAST}')"
    );
    world.database.execute(&held).await;
    advance(&world, 40 * DAY).await;
    for _ in 0..3 {
        world.server.remove_expired().await;
    }
    // What comes behind it is done, so there was time for it.
    let guest = world.guest("visitor").await;
    guest.mutate("accountDelete", json!({}), "deletedId").await.ok("/accountDelete/deletedId");
    let left = "SELECT COUNT(*) FROM users WHERE deleted_at IS NOT NULL";
    eventually("the guest to be gone", async || (world.database.number(left).await == 0).then_some(())).await;
    assert_eq!(kept(&world, "alice").await, [1, 1, 1, 0, 0]);
    eventually("one job", async || (world.database.number("SELECT COUNT(*) FROM jobs").await == 1).then_some(())).await;
    // That node dies, and its time is over.
    world.database.execute(&format!("UPDATE jobs SET available_at = '{PAST}'")).await;
    no_jobs(&world.database).await;
    assert_eq!(kept(&world, "alice").await, [0; 5]);
}

async fn what_was_given_up_long_ago_is_gone(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_FAILED_JOB_DAYS", "10")]).await;
    let id = match engine {
        Engine::Sqlite => "randomblob(16)",
        Engine::Postgres => "gen_random_uuid()",
    };
    let payload = r#"{"to": "no address", "subject": "Hello", "text": "Hello"}"#;
    let job = format!(
        "INSERT INTO jobs (id, queue, kind, payload, attempts, available_at, created_at) \
         VALUES ({id}, 'mail', 'mail', '{payload}', 0, '{PAST}', '{PAST}')"
    );
    world.database.execute(&job).await;
    let failed = async || world.database.number("SELECT COUNT(*) FROM failed_jobs").await;
    eventually("it to be given up", async || (failed().await == 1).then_some(())).await;
    advance(&world, 9 * DAY).await;
    remove_expired(&world).await;
    assert_eq!(failed().await, 1);
    advance(&world, 2 * DAY).await;
    remove_expired(&world).await;
    assert_eq!(failed().await, 0);
    assert_eq!(world.anonymous.graphql("{ viewer { email } }", Value::Null).await.data(), &json!({ "viewer": null }));
}

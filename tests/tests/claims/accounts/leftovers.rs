//! What an account leaves where nobody thinks of it: in jobs that were given up, in what others' logs tell of its owner, in what its
//! wallets were asked to sign.

use serde_json::json;
use tests::{Database, Engine, Smtp, Wallet, World, claims, eventually};

use super::OWN;
use super::deletion::{CANARY, cleared, delete, deleted, holding};

claims![
    an_address_in_a_job_that_was_given_up_goes_with_the_account,
    an_administrators_address_goes_from_the_logs_of_others,
    what_wallets_were_to_sign_goes_with_the_account,
];

/// Waits until so many jobs were tried, and keeps each from being tried again by itself.
async fn tried(database: &Database, count: i64) {
    let failed = "attempts > 0 AND reserved_at IS NULL AND queue = 'mail'";
    let (keep, count_them) = (
        format!("UPDATE jobs SET available_at = '2100-01-01T00:00:00+00:00' WHERE {failed}"),
        format!("SELECT COUNT(*) FROM jobs WHERE {failed}"),
    );
    let look = async || {
        database.execute(&keep).await;
        (database.number(&count_them).await == count).then_some(())
    };
    eventually("each to be tried", look).await;
}

/// Makes every job that waits one that was tried as often as may be but once, and waits until all are given up.
async fn given_up(database: &Database, count: i64) {
    tried(database, count).await;
    let past = "2001-01-01T00:00:00+00:00";
    database.execute(&format!("UPDATE jobs SET attempts = 13, available_at = '{past}' WHERE queue = 'mail'")).await;
    let left = "SELECT COUNT(*) FROM jobs WHERE queue = 'mail'";
    eventually("all to be given up", async || (database.number(left).await == 0).then_some(())).await;
}

async fn an_address_in_a_job_that_was_given_up_goes_with_the_account(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_SMTP_URL", &Smtp::prepare().url())]).await;
    world.server.expect_errors();
    let failed = async || world.database.number("SELECT COUNT(*) FROM failed_jobs").await;
    let canary = world.user(CANARY).await;
    // Before the address is proved, or there is nothing left to try.
    tried(&world.database, 1).await;
    world.database.execute("UPDATE users SET email_verified_at = created_at").await;
    world.anonymous.mutate("passwordResetRequest", json!({ "email": canary.email() }), "").await.data();
    let other = json!({ "email": "another-canary@example.org", "password": OWN });
    canary.mutate("accountChangeEmail", other, "viewer { email }").await.ok("/accountChangeEmail/viewer");
    // To prove one address, to set a password anew, to tell of another address, and to prove that.
    given_up(&world.database, 4).await;
    assert_eq!(failed().await, 3, "the first is not wanted any more");
    assert!(holding(&world.database).await.contains(&"failed_jobs.payload".to_owned()));
    let of_reset = "SELECT COUNT(*) FROM failed_jobs WHERE kind = 'reset_password' AND CAST(payload AS text) = '{}'";
    assert_eq!(world.database.number(of_reset).await, 1, "who asks for a password may be anybody");
    delete(&canary, Some(OWN)).await.ok("/accountDelete/deletedId");
    let left = "SELECT COUNT(*) FROM users WHERE deleted_at IS NOT NULL";
    eventually("the account to be gone", async || (world.database.number(left).await == 0).then_some(())).await;
    assert_eq!(failed().await, 1, "what was nobody's");
    // The last mail can't be sent either, and is given up when there is no account any more.
    given_up(&world.database, 1).await;
    assert_eq!(failed().await, 2);
    assert_eq!(holding(&world.database).await, [""; 0]);
}

async fn an_administrators_address_goes_from_the_logs_of_others(world: World) {
    let [root, other, alice] = world.users(["root", "other", "alice"]).await;
    world.grant_admin("root").await;
    world.grant_admin("other").await;
    for by in [&root, &other] {
        by.mutate("userSuspend", json!({ "id": alice.id }), "user { id }").await.ok("/userSuspend/user/id");
        by.mutate("userUnsuspend", json!({ "id": alice.id }), "user { id }").await.ok("/userUnsuspend/user/id");
    }
    let told = "SELECT COUNT(*) FROM audit_log WHERE actor_id <> user_id AND ip_address IS NOT NULL";
    assert_eq!(world.database.number(told).await, 4);
    deleted(&world, &root).await;
    assert_eq!(world.database.number(told).await, 2, "what the other one did stays as it was");
    let lines = "SELECT COUNT(*) FROM audit_log WHERE action IN ('suspend', 'unsuspend')";
    assert_eq!(world.database.number(lines).await, 4, "that it was done stays, too");
    assert!(world.anonymous.sign_in("alice").await.is_signed_in().await);
}

async fn what_wallets_were_to_sign_goes_with_the_account(engine: Engine) {
    let world = World::start_with(engine, &tests::wallet::settings()).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (hers, his, unproved) = (Wallet::number(1), Wallet::number(2), Wallet::number(3));
    alice.connect(&hers).await;
    bob.connect(&his).await;
    alice.challenge(&unproved).await;
    for wallet in [&hers, &his] {
        world.anonymous.challenge(wallet).await;
    }
    let count = async |table: &str| world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    assert_eq!((count("wallets").await, count("wallet_nonces").await, count("wallet_challenges").await), (2, 5, 5));
    delete(&alice, Some(OWN)).await.ok("/accountDelete/deletedId");
    cleared(&world.database).await;
    assert_eq!((count("wallets").await, count("wallet_nonces").await, count("wallet_challenges").await), (1, 2, 2));
    let foreign = format!("SELECT COUNT(*) FROM wallet_nonces WHERE address <> '{}'", his.address);
    assert_eq!(world.database.number(&foreign).await, 0);
}

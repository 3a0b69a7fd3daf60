//! What a code counts, and what it does not.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tests::account::{PASSWORD, SESSION};
use tests::{Engine, Wallet, World, claims};

use super::{come, counted, disable, make, number};

claims![
    who_comes_by_a_code_is_counted_once,
    a_code_that_is_not_good_makes_no_account,
    a_sign_up_that_is_refused_counts_nothing,
    the_last_use_is_had_once_however_many_race_for_it,
    a_code_without_a_maximum_is_counted_exactly,
    nobody_refers_themselves,
    a_code_of_a_suspended_account_is_not_good,
    a_wallet_comes_by_a_code_too,
    what_an_account_leaves_hangs_on_nothing,
];

async fn who_comes_by_a_code_is_counted_once(world: World) {
    let alice = world.user("alice").await;
    let (_, code) = make(&alice, json!({ "code": "Friends", "maxUses": 3 })).await;
    for (name, code) in [("bob", code.as_str()), ("carol", "FRIENDS"), ("dave", "friends")] {
        let answer = come(&world.anonymous, name, code).await;
        assert_eq!(answer.text("/accountCreate/user/username"), name);
    }
    // Without a code nobody is counted.
    world.user("erin").await;
    let names = ["dave", "carol", "bob"].map(str::to_owned);
    assert_eq!(counted(&alice).await, [(3, names.to_vec())]);
    come(&world.anonymous, "frank", &code).await.refused("accountCreate", "EXPIRED", &["referralCode"]);
    // Signing in again is no sign-up.
    world.anonymous.sign_in("bob").await;
    assert_eq!(counted(&alice).await[0].0, 3);
}

async fn a_code_that_is_not_good_makes_no_account(world: World) {
    let alice = world.user("alice").await;
    let (ended, ended_code) = make(&alice, json!({})).await;
    disable(&alice, &ended).await.ok("/referralCodeDisable/referralCode/id");
    let (_, used_up) = make(&alice, json!({ "maxUses": 1 })).await;
    come(&world.anonymous, "bob", &used_up).await.ok("/accountCreate/user/id");
    let (_, short) = make(&alice, json!({ "expiresAt": "2040-01-01T00:00:00Z" })).await;
    come(&world.anonymous, "carol", &short).await.ok("/accountCreate/user/id");
    world.server.advance_clock(Duration::from_secs(20 * 365 * 24 * 3600)).await;
    let long = "x".repeat(100_000);
    let before = (number(&world, "users").await, number(&world, "user_sessions").await);
    for (code, kind) in [
        (ended_code.as_str(), "EXPIRED"),
        (&used_up, "EXPIRED"),
        (&short, "EXPIRED"),
        ("nonsense", "NOT_FOUND"),
        ("", "NOT_FOUND"),
        ("a\u{0}b", "NOT_FOUND"),
        (&long, "NOT_FOUND"),
    ] {
        let answer = come(&world.anonymous, "dave", code).await;
        answer.refused("accountCreate", kind, &["referralCode"]);
    }
    assert_eq!((number(&world, "users").await, number(&world, "user_sessions").await), before);
    assert_eq!(number(&world, "referrals").await, 2);
    world.user("dave").await;
}

async fn a_sign_up_that_is_refused_counts_nothing(world: World) {
    let alice = world.user("alice").await;
    let (_, code) = make(&alice, json!({ "maxUses": 1 })).await;
    let taken = json!({ "username": "alice", "email": "bob@example.org", "password": PASSWORD, "referralCode": code });
    world.anonymous.mutate("accountCreate", taken, SESSION).await.refused("accountCreate", "TAKEN", &["username"]);
    let short = json!({ "username": "bob", "email": "bob@example.org", "password": "short", "referralCode": code });
    world.anonymous.mutate("accountCreate", short, SESSION).await.refused("accountCreate", "INVALID", &["password"]);
    assert_eq!(counted(&alice).await, [(0, Vec::new())]);
    come(&world.anonymous, "bob", &code).await.ok("/accountCreate/user/id");
}

/// Many who sign up at once by one code: how many got in. The others were told that it is over.
async fn race(world: &World, code: &str, many: usize, round: usize) -> usize {
    let names: Vec<_> = (0..many).map(|number| format!("racer-{round}-{number}")).collect();
    let answers = join_all(names.iter().map(|name| come(&world.anonymous, name, code))).await;
    let errors: Vec<_> = answers.iter().map(|answer| answer.user_errors("accountCreate")).collect();
    for error in errors.iter().flatten() {
        assert_eq!((error.code.as_str(), error.path.join(".").as_str()), ("EXPIRED", "referralCode"), "{error:?}");
    }
    errors.iter().filter(|errors| errors.is_empty()).count()
}

async fn the_last_use_is_had_once_however_many_race_for_it(world: World) {
    let alice = world.user("alice").await;
    for (round, uses) in [1, 3].into_iter().enumerate() {
        let before = number(&world, "users").await;
        let (_, code) = make(&alice, json!({ "maxUses": uses })).await;
        assert_eq!(race(&world, &code, 8, round).await, uses);
        let (count, names) = counted(&alice).await.remove(0);
        assert_eq!((count, names.len()), (uses as i64, uses));
        assert_eq!(number(&world, "users").await, before + uses as i64, "who was refused has no account");
    }
}

async fn a_code_without_a_maximum_is_counted_exactly(world: World) {
    let alice = world.user("alice").await;
    let (_, code) = make(&alice, json!({})).await;
    assert_eq!(race(&world, &code, 8, 0).await, 8);
    let (count, names) = counted(&alice).await.remove(0);
    assert_eq!((count, names.len()), (8, 8));
}

async fn nobody_refers_themselves(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (_, code) = make(&alice, json!({})).await;
    // Who is signed in and makes themselves another account by their own code.
    come(&alice, "alice2", &code).await.refused("accountCreate", "INVALID", &["referralCode"]);
    assert_eq!(number(&world, "users").await, 2);
    come(&bob, "carol", &code).await.ok("/accountCreate/user/id");
    assert_eq!(counted(&alice).await, [(1, vec!["carol".to_owned()])]);
}

async fn a_code_of_a_suspended_account_is_not_good(world: World) {
    let alice = world.user("alice").await;
    let (_, code) = make(&alice, json!({})).await;
    for change in ["suspended_at = created_at", "suspended_at = NULL, is_active = false"] {
        world.database.execute(&format!("UPDATE users SET {change}")).await;
        come(&world.anonymous, "bob", &code).await.refused("accountCreate", "NOT_FOUND", &["referralCode"]);
    }
    world.database.execute("UPDATE users SET is_active = true").await;
    come(&world.anonymous, "bob", &code).await.ok("/accountCreate/user/id");
}

async fn a_wallet_comes_by_a_code_too(engine: Engine) {
    let settings = [&tests::wallet::settings()[..], &[("LINNET_WALLET_ACCOUNTS", "on")]].concat();
    let world = World::start_with(engine, &settings).await;
    let alice = world.user("alice").await;
    let (_, code) = make(&alice, json!({ "maxUses": 1 })).await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let sign_up = async |name: &str, code: &str| {
        world.anonymous.try_sign_up_with(signed.clone(), json!({ "username": name, "referralCode": code })).await
    };
    sign_up("bob", "nonsense").await.refused("accountCreateWithWallet", "NOT_FOUND", &["referralCode"]);
    assert_eq!((number(&world, "users").await, number(&world, "wallets").await), (1, 0));
    sign_up("bob", &code).await.ok("/accountCreateWithWallet/user/id");
    assert_eq!(counted(&alice).await, [(1, vec!["bob".to_owned()])]);
    let other = Wallet::number(2);
    let signed = other.signed(&world.anonymous.challenge(&other).await);
    let answer = world.anonymous.try_sign_up_with(signed, json!({ "username": "carol", "referralCode": code })).await;
    answer.refused("accountCreateWithWallet", "EXPIRED", &["referralCode"]);
    assert_eq!((number(&world, "users").await, number(&world, "wallets").await), (2, 1));
}

async fn what_an_account_leaves_hangs_on_nothing(world: World) {
    let alice = world.user("alice").await;
    let (_, code) = make(&alice, json!({})).await;
    for name in ["bob", "carol"] {
        let input = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD, "referralCode": code });
        world.anonymous.mutate("accountCreate", input, SESSION).await.ok("/accountCreate/user/id");
    }
    world.database.execute("DELETE FROM users WHERE username = 'bob'").await;
    assert_eq!(counted(&alice).await, [(2, vec!["carol".to_owned()])], "it was used, whoever has gone since");
    world.database.execute("DELETE FROM users WHERE username = 'alice'").await;
    assert_eq!((number(&world, "referral_codes").await, number(&world, "referrals").await), (0, 0));
    assert_eq!(world.anonymous.sign_in("carol").await.username, "carol");
    come(&world.anonymous, "dave", &code).await.refused("accountCreate", "NOT_FOUND", &["referralCode"]);
}

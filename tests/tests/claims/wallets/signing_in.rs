//! Signing in with a wallet that is connected.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Engine, Wallet, claims, eventually};

use super::{audited, taking_wallets};

claims![
    a_connected_wallet_signs_in,
    a_session_goes_on_with_its_wallet,
    a_wallet_of_nobody_signs_nobody_in,
    a_wallet_signs_in_on_its_own_chain,
    whose_account_is_suspended_is_not_signed_in,
    an_account_that_rests_is_taken_up,
    a_message_signs_in_once,
    of_two_sign_ins_at_once_one_wins,
    a_session_outlives_its_wallet,
    a_wrong_signature_is_in_the_log_of_who_has_the_wallet,
];

async fn a_connected_wallet_signs_in(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let (hers, his) = (Wallet::number(1), Wallet::number(2));
    alice.connect(&hers).await;
    bob.connect(&his).await;
    let again = world.anonymous.sign_in_with(&hers).await;
    assert_eq!((&again.id, again.session_wallet().await), (&alice.id, Some(hers.address.clone())));
    assert_eq!(world.anonymous.sign_in_with(&his).await.id, bob.id);
    // In whatever case the address is given.
    let message = world.anonymous.try_challenge(&hers.address.to_uppercase(), 1).await;
    let signed = hers.sign(&message.text("/walletChallengeCreate/challenge/message"));
    let message = message.text("/walletChallengeCreate/challenge/message");
    let answer = world.anonymous.try_sign_in_with(serde_json::json!({ "message": message, "signature": signed })).await;
    assert_eq!(answer.text("/sessionCreateWithWallet/user/id"), alice.id);
    assert_eq!(audited(&world, "sign_in").await, 3);
    let document = "{ viewer { session { wallet { address } } } }";
    let other = bob.graphql(document, Value::Null).await;
    assert!(other.ok("/viewer/session/wallet").is_null(), "a session of a password has none");
}

async fn a_session_goes_on_with_its_wallet(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    alice.connect(&wallet).await;
    let session = world.anonymous.sign_in_with(&wallet).await;
    let refreshed = world.anonymous.refresh(&session.refresh_token).await;
    assert_eq!(
        (&refreshed.session, refreshed.session_wallet().await),
        (&session.session, Some(wallet.address.clone()))
    );
}

async fn a_wallet_of_nobody_signs_nobody_in(engine: Engine) {
    let world = taking_wallets(engine).await;
    world.user("alice").await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let answer = world.anonymous.try_sign_in_with(signed).await;
    answer.refused("sessionCreateWithWallet", "NOT_FOUND", &["message"]);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM user_sessions").await, 1);
}

async fn a_wallet_signs_in_on_its_own_chain(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    alice.connect(&wallet).await;
    let message = world.anonymous.try_challenge(&wallet.address, 10).await;
    let signed = wallet.signed(&message.text("/walletChallengeCreate/challenge/message"));
    let answer = world.anonymous.try_sign_in_with(signed).await;
    answer.refused("sessionCreateWithWallet", "NOT_FOUND", &["message"]);
}

async fn whose_account_is_suspended_is_not_signed_in(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    alice.connect(&wallet).await;
    world.database.execute("UPDATE users SET suspended_at = created_at").await;
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let answer = world.anonymous.try_sign_in_with(signed.clone()).await;
    answer.refused("sessionCreateWithWallet", "NOT_FOUND", &["message"]);
    world.database.execute("UPDATE users SET suspended_at = NULL").await;
    let answer = world.anonymous.try_sign_in_with(signed).await;
    assert_eq!(answer.text("/sessionCreateWithWallet/user/id"), alice.id);
}

async fn an_account_that_rests_is_taken_up(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    alice.connect(&wallet).await;
    world.database.execute("UPDATE users SET is_active = false").await;
    alice.graphql("{ viewer { user { id } } }", Value::Null).await.failed("UNAUTHENTICATED");
    let again = world.anonymous.sign_in_with(&wallet).await;
    assert_eq!(again.session_wallet().await, Some(wallet.address.clone()));
    assert_eq!((audited(&world, "account_reactivate").await, audited(&world, "sign_in").await), (1, 1));
}

async fn a_message_signs_in_once(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    alice.connect(&wallet).await;
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    world.anonymous.try_sign_in_with(signed.clone()).await.ok("/sessionCreateWithWallet/session/id");
    for client in [&world.anonymous, &*alice] {
        let answer = client.try_sign_in_with(signed.clone()).await;
        answer.refused("sessionCreateWithWallet", "EXPIRED", &["message"]);
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM user_sessions").await, 2);
}

async fn of_two_sign_ins_at_once_one_wins(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    alice.connect(&wallet).await;
    for round in 1..=5 {
        let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
        let tries = (0..4).map(|_| world.anonymous.try_sign_in_with(signed.clone()));
        let answers = join_all(tries).await;
        let refused = answers.iter().filter(|answer| {
            let errors = answer.user_errors("sessionCreateWithWallet");
            errors.first().is_some_and(|error| error.code == "EXPIRED")
        });
        assert_eq!(refused.count(), 3);
        assert_eq!(world.database.number("SELECT COUNT(*) FROM user_sessions").await, 1 + round);
    }
}

async fn a_session_outlives_its_wallet(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    let id = alice.connect(&wallet).await;
    let session = world.anonymous.sign_in_with(&wallet).await;
    let answer = alice.try_remove_wallet(&id).await;
    assert_eq!(answer.text("/walletRemove/removedId"), id);
    assert_eq!(session.session_wallet().await, None);
    let viewer = session.graphql("{ viewer { user { id } } }", Value::Null).await;
    assert_eq!(viewer.text("/viewer/user/id"), alice.id);
}

async fn a_wrong_signature_is_in_the_log_of_who_has_the_wallet(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let (hers, his, nobodys) = (Wallet::number(1), Wallet::number(2), Wallet::number(3));
    alice.connect(&hers).await;
    mallory.connect(&his).await;
    // Of a wallet that nobody has, or of an address on another chain, it is nobody's failure.
    let elsewhere = world.anonymous.try_challenge(&hers.address, 10).await;
    let elsewhere = elsewhere.text("/walletChallengeCreate/challenge/message");
    for message in [world.anonymous.challenge(&nobodys).await, elsewhere] {
        let answer = world.anonymous.try_sign_in_with(his.signed(&message)).await;
        answer.refused("sessionCreateWithWallet", "WRONG_CREDENTIALS", &["signature"]);
    }
    // Signed by another's key, however it is tried; what is no signature is no attempt.
    let message = world.anonymous.challenge(&hers).await;
    let answer = world.anonymous.try_sign_in_with(json!({ "message": message, "signature": "0x00" })).await;
    answer.refused("sessionCreateWithWallet", "INVALID", &["signature"]);
    let answer = world.anonymous.try_sign_in_with(his.signed(&message)).await;
    answer.refused("sessionCreateWithWallet", "WRONG_CREDENTIALS", &["signature"]);
    let failures = async |count| (audited(&world, "sign_in_failure").await == count).then_some(());
    eventually("the failure to be written", async || failures(1).await).await;
    let answer = world.anonymous.try_sign_in_with(hers.signed(&message)).await;
    assert_eq!(answer.text("/sessionCreateWithWallet/user/id"), alice.id, "the message is hers to sign still");
    let log = alice.audit_log().await;
    let line = log.iter().find(|line| line["action"] == "SIGN_IN_FAILURE").expect("it is in her log");
    assert_eq!((&line["actor"], &line["ipAddress"]), (&Value::Null, &json!("127.0.0.1")));
    assert!(!mallory.audited().await.contains(&"SIGN_IN_FAILURE".to_owned()));
}

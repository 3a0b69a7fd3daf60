//! Connecting wallets to an account.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Engine, User, Wallet, claims};

use super::{audited, taking_wallets};

claims![
    a_wallet_is_connected_by_what_it_signs,
    an_account_has_many_wallets_and_one_is_primary,
    an_address_on_two_chains_is_two_wallets,
    a_wallet_of_another_account_is_taken,
    a_wallet_that_is_connected_already_is_proved_anew,
    a_message_is_good_for_one_use,
    of_two_uses_at_once_one_wins,
    of_two_accounts_at_once_one_gets_the_wallet,
    of_first_wallets_at_once_one_is_primary,
    a_message_for_signing_in_connects_nothing,
    a_message_is_for_one_account,
    only_accounts_connect_wallets,
    a_label_has_its_bounds,
];

async fn a_wallet_is_connected_by_what_it_signs(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    let mut signed = wallet.signed(&alice.challenge(&wallet).await);
    signed["label"] = json!("cold storage");
    let answer = alice.try_connect(signed).await;
    let connected = answer.ok("/walletConnect/wallet");
    assert!(connected["id"].as_str().unwrap().starts_with("wal_"), "{connected}");
    assert_eq!(connected["address"], wallet.address.as_str());
    assert_eq!((&connected["chainId"], &connected["isPrimary"]), (&json!(1), &json!(true)));
    assert_eq!(connected["label"], "cold storage");
    assert!(connected["verifiedAt"].is_string() && connected["createdAt"].is_string(), "{connected}");
    assert_eq!(alice.wallets().await, [(wallet.address.clone(), true, Some("cold storage".to_owned()))]);
    assert_eq!(alice.session_wallet().await, None, "the session was not signed in with it");
    assert_eq!(audited(&world, "wallet_connect").await, 1);
}

async fn an_account_has_many_wallets_and_one_is_primary(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for number in 1..=3 {
        alice.connect(&Wallet::number(number)).await;
    }
    bob.connect(&Wallet::number(4)).await;
    let expected: Vec<_> = (1..=3).map(|number| (Wallet::number(number).address, number == 1, None)).collect();
    assert_eq!(alice.wallets().await, expected);
    assert_eq!(bob.wallets().await, [(Wallet::number(4).address, true, None)]);
    let document = "query($a: Cursor, $b: Cursor) { viewer { wallets(first: 2, after: $a, before: $b) { \
        edges { cursor node { address } } pageInfo { hasNextPage hasPreviousPage } } } }";
    let page = alice.graphql(document, Value::Null).await;
    assert_eq!(page.list("/viewer/wallets/edges").len(), 2);
    assert_eq!(page.ok("/viewer/wallets/pageInfo"), &json!({ "hasNextPage": true, "hasPreviousPage": false }));
    let after = page.ok("/viewer/wallets/edges/1/cursor");
    let page = alice.graphql(document, json!({ "a": after })).await;
    assert_eq!(page.ok("/viewer/wallets/edges/0/node/address"), Wallet::number(3).address.as_str());
    assert_eq!(page.ok("/viewer/wallets/pageInfo"), &json!({ "hasNextPage": false, "hasPreviousPage": true }));
    let foreign = bob.graphql(document, json!({ "a": after })).await;
    assert!(foreign.list("/viewer/wallets/edges").len() <= 1, "a cursor shows nobody else's");
}

async fn an_address_on_two_chains_is_two_wallets(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let wallet = Wallet::number(1);
    alice.connect(&wallet).await;
    let message = bob.try_challenge(&wallet.address, 10).await.text("/walletChallengeCreate/challenge/message");
    let answer = bob.try_connect(wallet.signed(&message)).await;
    assert_eq!(answer.number("/walletConnect/wallet/chainId"), 10);
}

async fn a_wallet_of_another_account_is_taken(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let wallet = Wallet::number(1);
    alice.connect(&wallet).await;
    for address in [wallet.address.clone(), wallet.address.to_lowercase(), wallet.address.to_uppercase()] {
        let message = bob.try_challenge(&address, 1).await.text("/walletChallengeCreate/challenge/message");
        bob.try_connect(wallet.signed(&message)).await.refused("walletConnect", "TAKEN", &["message"]);
    }
    assert!(bob.wallets().await.is_empty());
    assert_eq!(alice.wallets().await.len(), 1);
    assert_eq!(audited(&world, "wallet_connect").await, 1);
}

async fn a_wallet_that_is_connected_already_is_proved_anew(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    let mut signed = wallet.signed(&alice.challenge(&wallet).await);
    signed["label"] = json!("mine");
    let first = alice.try_connect(signed).await;
    world.server.advance_clock(std::time::Duration::from_secs(60)).await;
    let again = alice.try_connect(wallet.signed(&alice.challenge(&wallet).await)).await;
    for field in ["id", "createdAt", "label", "isPrimary"] {
        assert_eq!(
            again.ok(&format!("/walletConnect/wallet/{field}")),
            first.ok(&format!("/walletConnect/wallet/{field}"))
        );
    }
    assert!(again.text("/walletConnect/wallet/verifiedAt") > first.text("/walletConnect/wallet/verifiedAt"));
    assert_eq!(alice.wallets().await.len(), 1);
}

async fn a_message_is_good_for_one_use(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    let signed = wallet.signed(&alice.challenge(&wallet).await);
    let id = alice.try_connect(signed.clone()).await.text("/walletConnect/wallet/id");
    alice.try_connect(signed.clone()).await.refused("walletConnect", "EXPIRED", &["message"]);
    alice.try_remove_wallet(&id).await.ok("/walletRemove/removedId");
    alice.try_connect(signed).await.refused("walletConnect", "EXPIRED", &["message"]);
    assert!(alice.wallets().await.is_empty());
}

/// How many of several tries at once were done; the others were all refused in this way.
async fn done(tries: impl IntoIterator<Item = (User, Value)>, code: &str) -> usize {
    let answers = join_all(tries.into_iter().map(|(user, signed)| async move { user.try_connect(signed).await })).await;
    let errors: Vec<_> = answers.iter().map(|answer| answer.user_errors("walletConnect")).collect();
    for error in errors.iter().flatten() {
        assert_eq!((error.code.as_str(), error.path.join(".").as_str()), (code, "message"), "{error:?}");
    }
    errors.iter().filter(|errors| errors.is_empty()).count()
}

async fn of_two_uses_at_once_one_wins(engine: Engine) {
    let world = taking_wallets(engine).await;
    let alice = world.user("alice").await;
    for number in 1..=5 {
        let wallet = Wallet::number(number);
        let signed = wallet.signed(&alice.challenge(&wallet).await);
        let tries = std::iter::repeat_n((alice.clone(), signed), 4);
        assert_eq!(done(tries, "EXPIRED").await, 1);
    }
    assert_eq!((alice.wallets().await.len(), audited(&world, "wallet_connect").await), (5, 5));
}

async fn of_two_accounts_at_once_one_gets_the_wallet(engine: Engine) {
    let world = taking_wallets(engine).await;
    let users = world.users(["alice", "bob", "carol"]).await;
    for number in 1..=5 {
        let wallet = Wallet::number(number);
        let mut tries = Vec::new();
        for user in &users {
            tries.push((user.clone(), wallet.signed(&user.challenge(&wallet).await)));
        }
        assert_eq!(done(tries, "TAKEN").await, 1);
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM wallets").await, 5);
}

async fn of_first_wallets_at_once_one_is_primary(engine: Engine) {
    let world = taking_wallets(engine).await;
    let alice = world.user("alice").await;
    let mut tries = Vec::new();
    for number in 1..=4 {
        let wallet = Wallet::number(number);
        tries.push((alice.clone(), wallet.signed(&alice.challenge(&wallet).await)));
    }
    assert_eq!(done(tries, "").await, 4);
    assert_eq!(alice.wallets().await.iter().filter(|wallet| wallet.1).count(), 1);
}

async fn a_message_for_signing_in_connects_nothing(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let wallet = Wallet::number(1);
    // What Alice's wallet was asked to sign in with, in Mallory's hands.
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    mallory.try_connect(signed).await.refused("walletConnect", "INVALID", &["message"]);
    assert!(mallory.wallets().await.is_empty());
    // Nor does one for connecting sign in.
    alice.connect(&wallet).await;
    let signed = wallet.signed(&alice.challenge(&wallet).await);
    let answer = world.anonymous.try_sign_in_with(signed).await;
    answer.refused("sessionCreateWithWallet", "INVALID", &["message"]);
}

async fn a_message_is_for_one_account(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&alice.challenge(&wallet).await);
    mallory.try_connect(signed.clone()).await.refused("walletConnect", "INVALID", &["message"]);
    // Which does it no harm.
    let again = world.anonymous.sign_in("alice").await;
    again.try_connect(signed).await.ok("/walletConnect/wallet/id");
}

async fn only_accounts_connect_wallets(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (guest, wallet) = (world.guest("visitor").await, Wallet::number(1));
    let signed = wallet.signed(&guest.challenge(&wallet).await);
    guest.try_connect(signed.clone()).await.refused("walletConnect", "FORBIDDEN", &[]);
    let select = "wallet { id }";
    world.anonymous.mutate("walletConnect", signed, select).await.failed("UNAUTHENTICATED");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM wallets").await, 0);
}

async fn a_label_has_its_bounds(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    let mut signed = wallet.signed(&alice.challenge(&wallet).await);
    for (label, code) in [("", "BLANK"), ("  ", "BLANK"), ("\u{0}", "INVALID"), (&"x".repeat(101), "TOO_LONG")] {
        signed["label"] = json!(label);
        alice.try_connect(signed.clone()).await.refused("walletConnect", code, &["label"]);
    }
    signed["label"] = json!("é".repeat(100));
    alice.try_connect(signed).await.ok("/walletConnect/wallet/id");
}

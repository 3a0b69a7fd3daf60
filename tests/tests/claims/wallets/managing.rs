//! What wallets are called, which one is primary, and taking them away.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::id::{MALFORMED, absent, with_prefix};
use tests::wallet::WALLET;
use tests::{Answer, Engine, User, Wallet, claims};

use super::{audited, taking_wallets, taking_wallets_with};

claims![
    a_wallet_is_called_what_its_owner_says,
    another_wallet_is_made_the_primary_one,
    when_two_are_made_primary_at_once_one_is,
    when_the_primary_one_goes_the_first_of_the_others_is,
    a_wallet_of_another_is_not_found,
    a_removed_wallet_is_free_for_others,
    wallets_go_with_their_account,
    an_api_key_has_nothing_to_do_with_wallets,
    who_has_found_somebody_signed_in_changes_none_of_their_wallets,
    who_has_no_password_changes_wallets_just_after_signing_in,
];

async fn update(user: &User, input: Value) -> Answer {
    user.mutate("walletUpdate", input, WALLET).await
}

async fn remove(user: &User, id: &str) -> Answer {
    user.try_remove_wallet(id).await
}

/// The place of the primary one among an account's wallets; fails the test unless there is one.
async fn primary(user: &User) -> usize {
    let wallets = user.wallets().await;
    let mut primary = wallets.iter().enumerate().filter(|(_, wallet)| wallet.1);
    let (place, _) = primary.next().unwrap_or_else(|| panic!("none of {wallets:?} is primary"));
    assert!(primary.next().is_none(), "{wallets:?}");
    place
}

async fn a_wallet_is_called_what_its_owner_says(engine: Engine) {
    let world = taking_wallets(engine).await;
    let alice = world.user("alice").await;
    let id = alice.connect(&Wallet::number(1)).await;
    let answer = update(&alice, json!({ "id": id, "label": "savings" })).await;
    assert_eq!(answer.text("/walletUpdate/wallet/label"), "savings");
    let answer = update(&alice, json!({ "id": id })).await;
    assert_eq!(answer.text("/walletUpdate/wallet/label"), "savings", "what is left out stays");
    for (label, code) in [("", "BLANK"), ("a\u{0}b", "INVALID"), (&"x".repeat(101), "TOO_LONG")] {
        update(&alice, json!({ "id": id, "label": label })).await.refused("walletUpdate", code, &["label"]);
    }
    assert_eq!(alice.wallets().await[0].2.as_deref(), Some("savings"));
    let answer = update(&alice, json!({ "id": id, "label": null })).await;
    assert!(answer.ok("/walletUpdate/wallet/label").is_null());
    assert_eq!(alice.wallets().await, [(Wallet::number(1).address, true, None)]);
}

async fn another_wallet_is_made_the_primary_one(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let mut ids = Vec::new();
    for number in 1..=3 {
        ids.push(alice.connect(&Wallet::number(number)).await);
    }
    bob.connect(&Wallet::number(4)).await;
    let answer = update(&alice, json!({ "id": ids[2], "isPrimary": true })).await;
    assert_eq!(answer.ok("/walletUpdate/wallet/isPrimary"), true);
    assert_eq!((primary(&alice).await, primary(&bob).await), (2, 0));
    update(&alice, json!({ "id": ids[2], "isPrimary": true })).await.ok("/walletUpdate/wallet/id");
    assert_eq!(primary(&alice).await, 2);
    for id in [&ids[2], &ids[0]] {
        let answer = update(&alice, json!({ "id": id, "isPrimary": false })).await;
        answer.refused("walletUpdate", "INVALID", &["isPrimary"]);
    }
    assert_eq!(primary(&alice).await, 2);
}

async fn when_two_are_made_primary_at_once_one_is(engine: Engine) {
    let world = taking_wallets(engine).await;
    let alice = world.user("alice").await;
    let mut ids = Vec::new();
    for number in 1..=4 {
        ids.push(alice.connect(&Wallet::number(number)).await);
    }
    for _ in 0..5 {
        let answers = join_all(ids.iter().map(|id| update(&alice, json!({ "id": id, "isPrimary": true })))).await;
        for answer in answers {
            answer.ok("/walletUpdate/wallet/id");
        }
        primary(&alice).await;
    }
}

async fn when_the_primary_one_goes_the_first_of_the_others_is(engine: Engine) {
    let world = taking_wallets(engine).await;
    let alice = world.user("alice").await;
    let mut ids = Vec::new();
    for number in 1..=4 {
        ids.push(alice.connect(&Wallet::number(number)).await);
    }
    update(&alice, json!({ "id": ids[3], "isPrimary": true })).await.ok("/walletUpdate/wallet/id");
    assert_eq!(remove(&alice, &ids[0]).await.text("/walletRemove/removedId"), ids[0]);
    assert_eq!(primary(&alice).await, 2, "another one's going changes nothing");
    remove(&alice, &ids[3]).await.ok("/walletRemove/removedId");
    assert_eq!(primary(&alice).await, 0);
    remove(&alice, &ids[3]).await.refused("walletRemove", "NOT_FOUND", &["id"]);
    for id in &ids[1..3] {
        remove(&alice, id).await.ok("/walletRemove/removedId");
    }
    assert!(alice.wallets().await.is_empty());
    assert_eq!(audited(&world, "wallet_remove").await, 4);
}

async fn a_wallet_of_another_is_not_found(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let guest = world.guest("visitor").await;
    let id = alice.connect(&Wallet::number(1)).await;
    for user in [&mallory, &guest] {
        for id in [&id, &absent(&id)] {
            let answer = update(user, json!({ "id": id, "label": "mine", "isPrimary": true })).await;
            answer.refused("walletUpdate", "NOT_FOUND", &["id"]);
            remove(user, id).await.refused("walletRemove", "NOT_FOUND", &["id"]);
        }
    }
    for id in MALFORMED.into_iter().map(str::to_owned).chain([with_prefix("ses", &id), mallory.id.clone()]) {
        update(&alice, json!({ "id": id })).await.refused("walletUpdate", "INVALID", &["id"]);
        remove(&alice, &id).await.refused("walletRemove", "INVALID", &["id"]);
    }
    let nobody = &world.anonymous;
    nobody.mutate("walletRemove", json!({ "id": id }), "removedId").await.failed("UNAUTHENTICATED");
    nobody.mutate("walletUpdate", json!({ "id": id }), WALLET).await.failed("UNAUTHENTICATED");
    let node = alice.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
    node.failed("INVALID");
    assert_eq!(alice.wallets().await, [(Wallet::number(1).address, true, None)]);
    assert!(mallory.wallets().await.is_empty());
}

async fn a_removed_wallet_is_free_for_others(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let wallet = Wallet::number(1);
    let id = alice.connect(&wallet).await;
    remove(&alice, &id).await.ok("/walletRemove/removedId");
    bob.connect(&wallet).await;
    assert_eq!(world.anonymous.sign_in_with(&wallet).await.id, bob.id);
}

async fn wallets_go_with_their_account(engine: Engine) {
    let world = taking_wallets(engine).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let wallet = Wallet::number(1);
    alice.connect(&wallet).await;
    alice.challenge(&Wallet::number(2)).await;
    world.database.execute("DELETE FROM users WHERE username = 'alice'").await;
    for table in ["wallets", "wallet_challenges"] {
        assert_eq!(world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    bob.connect(&wallet).await;
}

async fn an_api_key_has_nothing_to_do_with_wallets(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    let id = alice.connect(&wallet).await;
    let signed = Wallet::number(2).signed(&alice.challenge(&Wallet::number(2)).await);
    let key = alice.create_key(&["READ", "WRITE"]).await.user;
    let mutations = [
        key.try_connect(signed).await,
        update(&key, json!({ "id": id, "label": "mine" })).await,
        remove(&key, &id).await,
        key.try_challenge(&wallet.address, 1).await,
        key.mutate("referralCodeCreate", json!({}), "referralCode { id }").await,
    ];
    for answer in mutations {
        assert!(answer.json.to_string().contains("FORBIDDEN"), "{}", answer.json);
    }
    let answer = key.graphql("{ viewer { wallets { nodes { address } } } }", Value::Null).await;
    answer.failed("FORBIDDEN");
    assert!(!answer.json.to_string().contains(&wallet.address), "{}", answer.json);
    assert_eq!(alice.wallets().await, [(wallet.address, true, None)]);
}

async fn who_has_found_somebody_signed_in_changes_none_of_their_wallets(engine: Engine) {
    let world = taking_wallets(engine).await;
    let alice = world.user("alice").await;
    let id = alice.connect(&Wallet::number(1)).await;
    let other = Wallet::number(2);
    for password in [Value::Null, json!(""), json!("a guess at the password")] {
        let mut signed = other.signed(&alice.challenge(&other).await);
        signed["password"] = password.clone();
        let answer = alice.mutate("walletConnect", signed, WALLET).await;
        answer.refused("walletConnect", "WRONG_CREDENTIALS", &["password"]);
        let answer = alice.mutate("walletRemove", json!({ "id": id, "password": password }), "removedId").await;
        answer.refused("walletRemove", "WRONG_CREDENTIALS", &["password"]);
    }
    assert_eq!(alice.wallets().await, [(Wallet::number(1).address, true, None)]);
}

async fn who_has_no_password_changes_wallets_just_after_signing_in(engine: Engine) {
    let world = taking_wallets_with(engine, &[("LINNET_WALLET_ACCOUNTS", "on")]).await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let answer = world.anonymous.try_sign_up_with(signed, json!({ "username": "alice" })).await;
    let early = world.anonymous.signed_in("accountCreateWithWallet", &answer);
    let second = early.connect(&Wallet::number(2)).await;
    world.server.advance_clock(Duration::from_secs(11 * 60)).await;
    let third = Wallet::number(3).signed(&early.challenge(&Wallet::number(3)).await);
    early.try_connect(third).await.refused("walletConnect", "FORBIDDEN", &[]);
    early.try_remove_wallet(&second).await.refused("walletRemove", "FORBIDDEN", &[]);
    let upgrade = json!({ "email": "thief@example.org", "password": "a password of the thief's" });
    early.mutate("accountUpgrade", upgrade, "viewer { email }").await.refused("accountUpgrade", "FORBIDDEN", &[]);
    early.mutate("accountDelete", json!({}), "deletedId").await.refused("accountDelete", "FORBIDDEN", &[]);
    let late = world.anonymous.sign_in_with(&wallet).await;
    late.connect(&Wallet::number(3)).await;
    late.try_remove_wallet(&second).await.ok("/walletRemove/removedId");
    late.mutate("accountDelete", json!({}), "deletedId").await.ok("/accountDelete/deletedId");
}

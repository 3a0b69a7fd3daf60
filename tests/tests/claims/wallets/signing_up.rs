//! Signing up with a wallet, where the operator allows it.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::{Engine, Wallet, World, claims};

use super::{audited, taking_wallets, taking_wallets_with};

claims![
    by_default_no_account_is_made_for_a_wallet,
    a_wallet_makes_an_account,
    a_name_that_is_made_does_not_tell_the_address,
    one_message_finds_no_account_and_makes_one,
    who_has_an_account_makes_no_other,
    a_name_has_to_be_free_and_well_formed,
    of_two_sign_ups_at_once_one_wins,
    the_last_way_in_is_not_taken_away,
    an_account_that_came_with_a_wallet_is_given_an_address_and_a_password,
];

async fn making_accounts(engine: Engine) -> World {
    taking_wallets_with(engine, &[("LINNET_WALLET_ACCOUNTS", "on")]).await
}

async fn accounts(world: &World) -> i64 {
    world.database.number("SELECT COUNT(*) FROM users").await
}

async fn by_default_no_account_is_made_for_a_wallet(engine: Engine) {
    let world = taking_wallets(engine).await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let answer = world.anonymous.try_sign_up_with(signed, json!({ "username": "alice" })).await;
    answer.refused("accountCreateWithWallet", "FORBIDDEN", &[]);
    assert_eq!(accounts(&world).await, 0);
}

async fn a_wallet_makes_an_account(engine: Engine) {
    let world = making_accounts(engine).await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let more = json!({ "username": "alice", "displayName": "Alice A." });
    let answer = world.anonymous.try_sign_up_with(signed, more).await;
    assert_eq!(answer.text("/accountCreateWithWallet/user/kind"), "HUMAN");
    assert_eq!(answer.text("/accountCreateWithWallet/user/profile/displayName"), "Alice A.");
    let alice = world.anonymous.signed_in("accountCreateWithWallet", &answer);
    assert_eq!(alice.wallets().await, [(wallet.address.clone(), true, None)]);
    assert_eq!(alice.session_wallet().await, Some(wallet.address.clone()));
    let viewer = alice.graphql("{ viewer { email user { username } } }", Value::Null).await;
    assert_eq!(viewer.ok("/viewer"), &json!({ "email": null, "user": { "username": "alice" } }));
    assert_eq!(world.anonymous.sign_in_with(&wallet).await.id, alice.id);
    assert_eq!((audited(&world, "account_create").await, audited(&world, "wallet_connect").await), (1, 1));
    // It is an account like any other.
    alice.create_room("A room").await;
}

async fn an_account_that_came_with_a_wallet_is_given_an_address_and_a_password(engine: Engine) {
    let world = making_accounts(engine).await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let answer = world.anonymous.try_sign_up_with(signed, json!({ "username": "alice" })).await;
    let alice = world.anonymous.signed_in("accountCreateWithWallet", &answer);
    let input = json!({ "email": "alice@example.org", "password": PASSWORD });
    let answer = alice.mutate("accountUpgrade", input.clone(), "viewer { email user { id kind } }").await;
    let expected = json!({ "email": "alice@example.org", "user": { "id": alice.id, "kind": "HUMAN" } });
    assert_eq!(answer.ok("/accountUpgrade/viewer"), &expected);
    assert_eq!(world.anonymous.sign_in("alice").await.id, alice.id);
    // The wallet is one way in of two now.
    assert_eq!(world.anonymous.sign_in_with(&wallet).await.id, alice.id);
    alice.mutate("accountUpgrade", input, "").await.refused("accountUpgrade", "CONFLICT", &[]);
    let rest = json!({ "password": PASSWORD });
    alice.mutate("accountDeactivate", rest, "deactivatedId").await.ok("/accountDeactivate/deactivatedId");
}

async fn a_name_that_is_made_does_not_tell_the_address(engine: Engine) {
    let world = making_accounts(engine).await;
    let mut names = Vec::new();
    for number in 1..=3 {
        let wallet = Wallet::number(number);
        let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
        let answer = world.anonymous.try_sign_up_with(signed, json!({})).await;
        let name = answer.text("/accountCreateWithWallet/user/username");
        assert!(name.len() > 10 && !name.to_lowercase().contains(&wallet.address[2..8].to_lowercase()), "{name}");
        assert_eq!(answer.text("/accountCreateWithWallet/user/profile/displayName"), name);
        names.push(name);
    }
    names.dedup();
    assert_eq!(names.len(), 3);
    // Nobody else sees whose wallet it is.
    let other = world.user("bob").await;
    let people =
        other.graphql("{ users(first: 10) { nodes { username profile { displayName bio } } } }", Value::Null).await;
    assert!(!people.json.to_string().to_lowercase().contains(&Wallet::number(1).address[2..].to_lowercase()));
}

async fn one_message_finds_no_account_and_makes_one(engine: Engine) {
    let world = making_accounts(engine).await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let answer = world.anonymous.try_sign_in_with(signed.clone()).await;
    answer.refused("sessionCreateWithWallet", "NOT_FOUND", &["message"]);
    let answer = world.anonymous.try_sign_up_with(signed.clone(), json!({ "username": "alice" })).await;
    answer.ok("/accountCreateWithWallet/user/id");
    for answer in [
        world.anonymous.try_sign_up_with(signed.clone(), json!({ "username": "alice2" })).await,
        world.anonymous.try_sign_up_with(signed.clone(), json!({})).await,
    ] {
        answer.refused("accountCreateWithWallet", "EXPIRED", &["message"]);
    }
    let answer = world.anonymous.try_sign_in_with(signed).await;
    answer.refused("sessionCreateWithWallet", "EXPIRED", &["message"]);
    assert_eq!(accounts(&world).await, 1);
}

async fn who_has_an_account_makes_no_other(engine: Engine) {
    let world = making_accounts(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    alice.connect(&wallet).await;
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let answer = world.anonymous.try_sign_up_with(signed, json!({ "username": "alice2" })).await;
    answer.refused("accountCreateWithWallet", "TAKEN", &["message"]);
    assert_eq!(accounts(&world).await, 1);
    // Nor does a message by which a wallet is to be connected.
    let other = Wallet::number(2);
    let signed = other.signed(&alice.challenge(&other).await);
    let answer = world.anonymous.try_sign_up_with(signed, json!({})).await;
    answer.refused("accountCreateWithWallet", "INVALID", &["message"]);
}

async fn a_name_has_to_be_free_and_well_formed(engine: Engine) {
    let world = making_accounts(engine).await;
    world.user("alice").await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    for (name, code) in [("ALICE", "TAKEN"), ("", "BLANK"), ("a b", "INVALID"), (&"x".repeat(51), "TOO_LONG")] {
        let answer = world.anonymous.try_sign_up_with(signed.clone(), json!({ "username": name })).await;
        let errors = answer.user_errors("accountCreateWithWallet");
        assert!(errors.iter().any(|error| error.code == code && error.path == ["username"]), "{name}: {errors:?}");
    }
    let answer = world.anonymous.try_sign_up_with(signed.clone(), json!({ "displayName": "" })).await;
    answer.refused("accountCreateWithWallet", "BLANK", &["displayName"]);
    let forged = json!({ "message": signed["message"], "signature": Wallet::number(2).sign(signed["message"].as_str().unwrap()) });
    let answer = world.anonymous.try_sign_up_with(forged, json!({ "username": "bob" })).await;
    answer.refused("accountCreateWithWallet", "WRONG_CREDENTIALS", &["signature"]);
    assert_eq!(accounts(&world).await, 1);
    // None of which used the message up.
    let answer = world.anonymous.try_sign_up_with(signed, json!({ "username": "bob" })).await;
    answer.ok("/accountCreateWithWallet/user/id");
}

async fn of_two_sign_ups_at_once_one_wins(engine: Engine) {
    let world = making_accounts(engine).await;
    for number in 1..=4 {
        let wallet = Wallet::number(number);
        // Twice the same message, and another one of the same wallet.
        let one = wallet.signed(&world.anonymous.challenge(&wallet).await);
        let other = wallet.signed(&world.anonymous.challenge(&wallet).await);
        let tries = [one.clone(), one, other].map(|signed| world.anonymous.try_sign_up_with(signed, json!({})));
        let answers = join_all(tries).await;
        let refused = answers.iter().filter_map(|answer| {
            let errors = answer.user_errors("accountCreateWithWallet");
            errors.first().map(|error| (error.code.clone(), error.path.clone()))
        });
        for (code, path) in refused {
            assert!(["EXPIRED", "TAKEN"].contains(&code.as_str()) && path == ["message"], "{code} at {path:?}");
        }
        assert_eq!(accounts(&world).await, number as i64);
    }
    assert_eq!(world.database.number("SELECT COUNT(*) FROM profiles").await, 4);
}

async fn the_last_way_in_is_not_taken_away(engine: Engine) {
    let world = making_accounts(engine).await;
    let wallet = Wallet::number(1);
    let signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    let answer = world.anonymous.try_sign_up_with(signed, json!({ "username": "alice" })).await;
    let alice = world.anonymous.signed_in("accountCreateWithWallet", &answer);
    let ids = alice.graphql("{ viewer { wallets { nodes { id } } } }", Value::Null).await;
    let first = ids.text("/viewer/wallets/nodes/0/id");
    let remove = async |id: &str| alice.try_remove_wallet(id).await;
    remove(&first).await.refused("walletRemove", "CONFLICT", &["id"]);
    let second = alice.connect(&Wallet::number(2)).await;
    remove(&first).await.ok("/walletRemove/removedId");
    remove(&second).await.refused("walletRemove", "CONFLICT", &["id"]);
    assert_eq!(alice.wallets().await, [(Wallet::number(2).address, true, None)]);
}

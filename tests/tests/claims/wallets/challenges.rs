//! What a wallet is asked to sign, who may ask, and how long it is good.

use std::time::Duration;

use serde_json::{Value, json};
use tests::wallet::DOMAIN;
use tests::{Answer, Engine, Wallet, World, claims, eventually};

use super::{taking_wallets, taking_wallets_with};

claims![
    a_message_is_as_eip_4361_has_it,
    a_message_says_what_it_is_for,
    an_address_is_taken_in_any_case_and_told_with_its_checksum,
    what_is_no_address_is_refused,
    a_chain_that_the_operator_did_not_name_is_refused,
    the_site_is_the_operators_whatever_a_request_says,
    without_a_site_nothing_is_to_be_signed,
    a_message_is_good_for_five_minutes,
    a_message_of_a_time_to_come_is_not_good_yet,
    what_was_not_signed_in_time_is_forgotten,
    who_asks_for_many_messages_has_to_wait,
    who_brings_many_signatures_has_to_wait,
];

async fn a_message_is_as_eip_4361_has_it(engine: Engine) {
    let world = taking_wallets(engine).await;
    let wallet = Wallet::number(1);
    let answer = world.anonymous.try_challenge(&wallet.address, 10).await;
    let text = |field: &str| answer.text(&format!("/walletChallengeCreate/challenge/{field}"));
    let (message, nonce, expires_at) = (text("message"), text("nonce"), text("expiresAt"));
    let (head, issued_at) = message.split_once("\nIssued At: ").expect("when it was issued");
    let expected = format!(
        "{DOMAIN} wants you to sign in with your Ethereum account:\n{}\n\nSign in with this wallet.\n\n\
         URI: https://{DOMAIN}\nVersion: 1\nChain ID: 10\nNonce: {nonce}",
        wallet.address
    );
    assert_eq!(head, expected);
    let (issued_at, expiry) = issued_at.split_once("\nExpiration Time: ").expect("when it ends");
    assert!(nonce.len() >= 16 && nonce.chars().all(|letter| letter.is_ascii_alphanumeric()), "{nonce}");
    assert_eq!(format!("{}000Z", expiry.trim_end_matches('Z')), expires_at);
    // Five minutes, but for what carries into the hour: the seconds are the same.
    assert_eq!((issued_at.len(), &issued_at[17..]), (expiry.len(), &expiry[17..]), "{issued_at} {expiry}");
    let again = world.anonymous.challenge(&wallet).await;
    assert!(!again.contains(&nonce), "each has a nonce of its own");
}

async fn a_message_says_what_it_is_for(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, guest) = (world.user("Alice").await, world.guest("visitor").await);
    let wallet = Wallet::number(1);
    let connect = "\n\nConnect this wallet to the account Alice.\n\n";
    assert!(alice.challenge(&wallet).await.contains(connect));
    for client in [&world.anonymous, &*guest] {
        assert!(client.challenge(&wallet).await.contains("\n\nSign in with this wallet.\n\n"));
    }
}

async fn an_address_is_taken_in_any_case_and_told_with_its_checksum(engine: Engine) {
    let world = taking_wallets(engine).await;
    let checksums = tests::wallet::vectors()["checksums"].clone();
    for address in checksums.as_array().unwrap().iter().filter_map(Value::as_str) {
        for given in [address, &address.to_lowercase(), &address.to_uppercase()] {
            let answer = world.anonymous.try_challenge(given, 1).await;
            let message = answer.text("/walletChallengeCreate/challenge/message");
            assert_eq!(message.lines().nth(1), Some(address), "{given}");
        }
    }
}

async fn what_is_no_address_is_refused(engine: Engine) {
    let world = taking_wallets(engine).await;
    let good = Wallet::number(1).address;
    for address in
        ["", "0x", &good[2..], &good[..41], &format!("{good}0"), &format!("{good}\n"), "0x\u{0}", "vitalik.eth"]
    {
        let answer = world.anonymous.try_challenge(address, 1).await;
        answer.refused("walletChallengeCreate", "INVALID", &["address"]);
    }
}

async fn a_chain_that_the_operator_did_not_name_is_refused(engine: Engine) {
    let world = taking_wallets(engine).await;
    for chain in [0, -1, 2, 137, i64::from(i32::MAX)] {
        let answer = world.anonymous.try_challenge(&Wallet::number(1).address, chain).await;
        answer.refused("walletChallengeCreate", "INVALID", &["chainId"]);
    }
}

async fn the_site_is_the_operators_whatever_a_request_says(engine: Engine) {
    let world = taking_wallets_with(engine, &[("LINNET_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let document =
        "mutation($i: WalletChallengeCreateInput!) { walletChallengeCreate(input: $i) { challenge { message } } }";
    let variables = json!({ "i": { "address": Wallet::number(1).address, "chainId": 1 } });
    let mut request = world.server.http().post(world.server.at("/graphql"));
    for header in ["host", "x-forwarded-host", "x-forwarded-server", "referer"] {
        request = request.header(header, "evil.example.com");
    }
    let answer = request
        .header("forwarded", "host=evil.example.com")
        .json(&json!({ "query": document, "variables": variables }));
    let answer = answer.send().await.unwrap();
    let answer = Answer { status: answer.status().as_u16(), json: answer.json().await.unwrap() };
    let message = answer.text("/walletChallengeCreate/challenge/message");
    assert!(message.starts_with(&format!("{DOMAIN} wants you")) && !message.contains("evil"), "{message}");
}

async fn without_a_site_nothing_is_to_be_signed(world: World) {
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    let answer = alice.try_challenge(&wallet.address, 1).await;
    answer.refused("walletChallengeCreate", "FORBIDDEN", &[]);
    let signed = || wallet.signed("anything\nNonce: 0123456789abcdef0123456789abcdef");
    alice.try_connect(signed()).await.refused("walletConnect", "FORBIDDEN", &[]);
    world.anonymous.try_sign_in_with(signed()).await.refused("sessionCreateWithWallet", "FORBIDDEN", &[]);
    let answer = world.anonymous.try_sign_up_with(signed(), json!({})).await;
    answer.refused("accountCreateWithWallet", "FORBIDDEN", &[]);
    assert!(alice.wallets().await.is_empty());
}

async fn a_message_is_good_for_five_minutes(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    let (in_time, too_late) = (alice.challenge(&wallet).await, alice.challenge(&wallet).await);
    world.server.advance_clock(Duration::from_secs(4 * 60)).await;
    alice.try_connect(wallet.signed(&in_time)).await.ok("/walletConnect/wallet/id");
    world.server.advance_clock(Duration::from_secs(61)).await;
    alice.try_connect(wallet.signed(&too_late)).await.refused("walletConnect", "EXPIRED", &["message"]);
}

async fn a_message_of_a_time_to_come_is_not_good_yet(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (alice, wallet) = (world.user("alice").await, Wallet::number(1));
    world.server.advance_clock(Duration::from_secs(120)).await;
    let message = alice.challenge(&wallet).await;
    world.server.turn_back_clock(Duration::from_secs(120)).await;
    alice.try_connect(wallet.signed(&message)).await.refused("walletConnect", "EXPIRED", &["message"]);
    world.server.advance_clock(Duration::from_secs(120)).await;
    alice.try_connect(wallet.signed(&message)).await.ok("/walletConnect/wallet/id");
}

async fn what_was_not_signed_in_time_is_forgotten(engine: Engine) {
    let world = taking_wallets(engine).await;
    let wallet = Wallet::number(1);
    let mut old = Vec::new();
    for _ in 0..5 {
        old.push(world.anonymous.challenge(&wallet).await);
    }
    let kept = async |table: &str| world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    let clean_up = async || {
        world.server.remove_expired().await;
        eventually("the jobs to be done", async || (kept("jobs").await == 0).then_some(())).await;
    };
    world.server.advance_clock(Duration::from_secs(23 * 3600)).await;
    world.anonymous.challenge(&wallet).await;
    clean_up().await;
    assert_eq!((kept("wallet_nonces").await, kept("wallet_challenges").await), (6, 6), "for a day it is known");
    let answer = world.anonymous.try_sign_in_with(wallet.signed(&old[0])).await;
    answer.refused("sessionCreateWithWallet", "NOT_FOUND", &["message"]);
    world.server.advance_clock(Duration::from_secs(2 * 3600)).await;
    clean_up().await;
    assert_eq!((kept("wallet_nonces").await, kept("wallet_challenges").await), (1, 1));
    let answer = world.anonymous.try_sign_in_with(wallet.signed(&old[0])).await;
    answer.refused("sessionCreateWithWallet", "INVALID", &["message"]);
}

async fn who_asks_for_many_messages_has_to_wait(engine: Engine) {
    let world = taking_wallets_with(engine, &[("LINNET_RATE_LIMITS", "on")]).await;
    for number in 0..5 {
        world.anonymous.challenge(&Wallet::number(number)).await;
    }
    world.anonymous.try_challenge(&Wallet::number(6).address, 1).await.failed("RATE_LIMITED");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM wallet_challenges").await, 5);
}

async fn who_brings_many_signatures_has_to_wait(engine: Engine) {
    let world = taking_wallets_with(engine, &[("LINNET_RATE_LIMITS", "on")]).await;
    let wallet = Wallet::number(1);
    let message = world.anonymous.challenge(&wallet).await;
    let forged = || json!({ "message": message, "signature": Wallet::number(2).sign(&message) });
    for _ in 0..5 {
        let answer = world.anonymous.try_sign_in_with(forged()).await;
        answer.refused("sessionCreateWithWallet", "WRONG_CREDENTIALS", &["signature"]);
    }
    world.anonymous.try_sign_in_with(forged()).await.failed("RATE_LIMITED");
    world.anonymous.try_sign_in_with(wallet.signed(&message)).await.failed("RATE_LIMITED");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM wallet_nonces WHERE consumed_at IS NOT NULL").await, 0);
}

//! Messages and signatures that ethers and viem made: what is well signed is taken, and nothing else.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tests::{Engine, Wallet, World, claims};

use super::{audited, taking_wallets};

claims![only_the_message_that_was_given_signed_by_its_wallet_is_taken];

/// 2040-01-01T12:01:00Z, a minute into the five of the vectors, in seconds since 1970.
const WHEN: u64 = 2_209_032_060;

async fn only_the_message_that_was_given_signed_by_its_wallet_is_taken(engine: Engine) {
    let world = taking_wallets(engine).await;
    let vectors = tests::wallet::vectors();
    let key = vectors["keys"][0]["key"].as_str().unwrap().trim_start_matches("0x");
    let (alice, wallet) = (world.user("alice").await, Wallet::of_key(&hex::decode(key).unwrap()));
    alice.connect(&wallet).await;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    world.server.advance_clock(Duration::from_secs(WHEN) - now).await;
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 40, "{} cases", cases.len());
    let mut taken = 0;
    for (number, case) in cases.iter().enumerate() {
        plant(&world, number, case, &wallet).await;
        let signed = json!({ "message": case["message"], "signature": case["signature"] });
        let answer = world.anonymous.try_sign_in_with(signed).await;
        let name = &case["name"];
        match case["wrong"].as_str() {
            None => {
                assert_eq!(answer.text("/sessionCreateWithWallet/user/id"), alice.id, "{name}");
                taken += 1;
            }
            Some(field) => {
                let errors = answer.user_errors("sessionCreateWithWallet");
                assert_eq!((errors.len(), errors[0].path.join(".").as_str()), (1, field), "{name}: {errors:?}");
                let code = errors[0].code.as_str();
                let expected = if field == "message" { &["INVALID"][..] } else { &["INVALID", "WRONG_CREDENTIALS"] };
                assert!(expected.contains(&code), "{name}: {errors:?}");
                answer.refused("sessionCreateWithWallet", code, &[field]);
            }
        }
    }
    assert!(taken >= 3, "{taken} were taken");
    assert_eq!(audited(&world, "sign_in").await, taken);
    let consumed = "SELECT COUNT(*) FROM wallet_nonces WHERE consumed_at IS NOT NULL AND nonce IN \
        (SELECT n.nonce FROM wallet_nonces n JOIN wallet_challenges c ON c.nonce_id = n.id WHERE c.user_id IS NULL)";
    assert_eq!(world.database.number(consumed).await, taken, "what is refused uses nothing up");
}

/// Puts a message of the vectors where the server keeps those that it has given.
async fn plant(world: &World, number: usize, case: &Value, wallet: &Wallet) {
    let id = |kind: usize| match world.database.engine() {
        Engine::Sqlite => format!("x'{kind:016x}{number:016x}'"),
        Engine::Postgres => format!("'{kind:016x}{number:016x}'"),
    };
    let (nonce, given) = (case["nonce"].as_str().unwrap(), case["given"].as_str().unwrap());
    let (address, issued, expires) = (&wallet.address, "2040-01-01T12:00:00+00:00", "2040-01-01T12:05:00+00:00");
    let sql = format!(
        "INSERT INTO wallet_nonces (id, address, nonce, expires_at) VALUES ({}, '{address}', '{nonce}', '{expires}')",
        id(1)
    );
    world.database.execute(&sql).await;
    let sql = format!(
        "INSERT INTO wallet_challenges (id, address, chain_id, message, nonce_id, created_at, expires_at) \
         VALUES ({}, '{address}', 1, '{given}', {}, '{issued}', '{expires}')",
        id(2),
        id(1)
    );
    world.database.execute(&sql).await;
}

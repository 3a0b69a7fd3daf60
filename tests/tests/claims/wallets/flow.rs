//! Alive's "Authentication Flow": seven steps, from signing up to a new device, each of which leaves its record.

use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::{Client, Engine, User, Wallet, World, claims};

use super::taking_wallets;

claims![the_seven_steps_of_alives_authentication_flow];

/// The tables of the flow, in the order of its steps.
const TABLES: [&str; 7] =
    ["users", "profiles", "wallets", "wallet_challenges", "user_sessions", "refresh_tokens", "user_devices"];

/// How many records each of them has; there is one account.
async fn records(world: &World) -> [i64; 7] {
    let counts =
        TABLES.map(|table| async move { world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await });
    let counts = futures_util::future::join_all(counts).await;
    counts.try_into().expect("one count for each")
}

async fn the_seven_steps_of_alives_authentication_flow(engine: Engine) {
    let world = taking_wallets(engine).await;
    let (wallet, mut seen) = (Wallet::number(1), records(&world).await);
    assert_eq!(seen, [0; 7]);
    // What a step has added, as `(table, how many)`.
    let mut step = async |name: &str, expected: &[(&str, i64)]| {
        let now = records(&world).await;
        let added = TABLES.iter().zip(now.iter().zip(&seen)).map(|(table, (now, before))| (*table, now - before));
        let added: Vec<_> = added.filter(|(_, count)| *count != 0).collect();
        assert_eq!(added, expected, "{name}");
        seen = now;
    };

    // Whoever signs up is signed in, so that steps 1 and 2 come with a session that steps 5 and 6 have not begun.
    let alice = sign_up(&world.anonymous).await;
    step(
        "1. User signs up: users record created. 2. Profile created: profiles record created.",
        &[("users", 1), ("profiles", 1), ("user_sessions", 1), ("refresh_tokens", 1)],
    )
    .await;
    let profile = alice.graphql("{ viewer { user { username profile { displayName } } } }", Value::Null).await;
    assert_eq!(profile.text("/viewer/user/profile/displayName"), "Alice A.");

    alice.connect(&wallet).await;
    // It is proved to be hers first, which takes a challenge, too.
    step("3. User connects wallet: wallets record created.", &[("wallets", 1), ("wallet_challenges", 1)]).await;
    assert_eq!(alice.wallets().await, [(wallet.address.clone(), true, None)]);

    let message = world.anonymous.challenge(&wallet).await;
    step("4. Authentication challenge: wallet_challenges record created.", &[("wallet_challenges", 1)]).await;
    let open = "SELECT COUNT(*) FROM wallet_challenges WHERE used_at IS NULL AND user_id IS NULL";
    assert_eq!(world.database.number(open).await, 1, "by the wallet's address, and of no account");

    let answer = world.anonymous.try_sign_in_with(wallet.signed(&message)).await;
    let session = world.anonymous.signed_in("sessionCreateWithWallet", &answer);
    step(
        "5. User signs challenge: user_sessions record created. 6. Refresh token issued: refresh_tokens record created.",
        &[("user_sessions", 1), ("refresh_tokens", 1)],
    )
    .await;
    assert_eq!((&session.id, session.session_wallet().await), (&alice.id, Some(wallet.address.clone())));
    assert_eq!(world.database.number(open).await, 0, "the challenge is used");
    let refreshed = world.anonymous.refresh(&session.refresh_token).await;
    assert_eq!((&refreshed.id, &refreshed.session), (&alice.id, &session.session), "it is good for the next one");
    step("6. Refresh token issued, as each is used.", &[("refresh_tokens", 1)]).await;

    let mut signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    signed["device"] = json!({ "id": "an id that a client keeps", "name": "A new telephone" });
    let answer = world.anonymous.try_sign_in_with(signed).await;
    let on_device = world.anonymous.signed_in("sessionCreateWithWallet", &answer);
    step(
        "7. User logs in from new device: user_devices record created.",
        &[("wallet_challenges", 1), ("user_sessions", 1), ("refresh_tokens", 1), ("user_devices", 1)],
    )
    .await;
    let document = "{ viewer { session { device { name } } sessions { nodes { wallet { address } } } } }";
    let viewer = on_device.graphql(document, Value::Null).await;
    assert_eq!(viewer.text("/viewer/session/device/name"), "A new telephone");
    let wallets = viewer.list("/viewer/sessions/nodes").iter().map(|node| node["wallet"]["address"].as_str());
    let of_wallet = Some(wallet.address.as_str());
    assert_eq!(wallets.collect::<Vec<_>>(), [of_wallet, of_wallet, None], "the newest first; the first has a password");
}

async fn sign_up(anonymous: &Client) -> User {
    let input =
        json!({ "username": "alice", "email": "alice@example.org", "password": PASSWORD, "displayName": "Alice A." });
    anonymous.signed_in("accountCreate", &anonymous.mutate("accountCreate", input, SESSION).await)
}

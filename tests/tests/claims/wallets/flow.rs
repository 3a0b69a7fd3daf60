//! Alive's authentication flow: seven steps from signing up to a new device, each of which leaves its row.

use serde_json::{Value, json};
use tests::{Engine, Wallet, World, claims};

use super::taking_wallets;

claims![the_seven_steps_of_alives_authentication_flow];

/// How many rows of this table belong to the account.
async fn rows(world: &World, table: &str, column: &str, username: &str) -> i64 {
    let account = format!("(SELECT id FROM users WHERE username = '{username}')");
    world.database.number(&format!("SELECT COUNT(*) FROM {table} WHERE {column} = {account}")).await
}

async fn the_seven_steps_of_alives_authentication_flow(engine: Engine) {
    let world = taking_wallets(engine).await;
    let count = async |table: &str| rows(&world, table, "user_id", "alice").await;
    let wallet = Wallet::number(1);

    // 1. User signs up: users record created. 2. Profile created: profiles record created.
    let alice = world.user("alice").await;
    assert_eq!((rows(&world, "users", "id", "alice").await, count("profiles").await), (1, 1));

    // 3. User connects wallet: wallets record created.
    alice.connect(&wallet).await;
    assert_eq!((count("wallets").await, count("user_sessions").await, count("user_devices").await), (1, 1, 0));

    // 4. Authentication challenge: wallet_challenges record created.
    let message = world.anonymous.challenge(&wallet).await;
    let open = "SELECT COUNT(*) FROM wallet_challenges WHERE used_at IS NULL AND user_id IS NULL";
    assert_eq!(world.database.number(open).await, 1);

    // 5. User signs challenge: user_sessions record created. 6. Refresh token issued: refresh_tokens record created.
    let answer = world.anonymous.try_sign_in_with(wallet.signed(&message)).await;
    let session = world.anonymous.signed_in("sessionCreateWithWallet", &answer);
    assert_eq!((&session.id, session.session_wallet().await), (&alice.id, Some(wallet.address.clone())));
    assert_eq!((count("user_sessions").await, count("refresh_tokens").await), (2, 2));
    assert_eq!(world.database.number(open).await, 0, "the challenge is used");
    let refreshed = world.anonymous.refresh(&session.refresh_token).await;
    assert_eq!((&refreshed.session, count("refresh_tokens").await), (&session.session, 3));

    // 7. User logs in from new device: user_devices record created.
    let mut signed = wallet.signed(&world.anonymous.challenge(&wallet).await);
    signed["device"] = json!({ "id": "an id that a client keeps", "name": "A new telephone" });
    let answer = world.anonymous.try_sign_in_with(signed).await;
    let on_device = world.anonymous.signed_in("sessionCreateWithWallet", &answer);
    assert_eq!((count("user_devices").await, count("user_sessions").await), (1, 3));
    let document =
        "{ viewer { session { device { name } wallet { address } } sessions { nodes { wallet { address } } } } }";
    let viewer = on_device.graphql(document, Value::Null).await;
    assert_eq!(viewer.text("/viewer/session/device/name"), "A new telephone");
    assert_eq!(viewer.text("/viewer/session/wallet/address"), wallet.address);
    let wallets = viewer.list("/viewer/sessions/nodes").iter().map(|node| !node["wallet"].is_null());
    assert_eq!(
        wallets.collect::<Vec<_>>(),
        [true, true, false],
        "the newest first; the first was signed up with a password"
    );
}

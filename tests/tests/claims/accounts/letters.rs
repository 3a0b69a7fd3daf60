//! Letters: what is done to an account is told to its address, if somebody has shown to read what is sent there.

use serde_json::json;
use tests::mail::PROVE;
use tests::{Engine, Wallet, World, claims, wallet};

use super::deletion::{cleared, delete};
use super::{OWN, VIEWER};

claims![what_signs_in_from_now_on_is_told_to_the_accounts_address, an_address_that_nobody_has_proved_gets_no_letters,];

const KEY: &str = "An API key was made for your account";
const WALLET: &str = "A wallet was connected to your account";

async fn what_signs_in_from_now_on_is_told_to_the_accounts_address(engine: Engine) {
    let world = World::start_with(engine, &wallet::settings()).await;
    let alice = world.user("alice").await;
    world.prove(&alice).await;
    let key = json!({ "name": "nightly\nreport", "scopes": ["WRITE"] });
    alice.mutate("apiKeyCreate", key, "token").await.ok("/apiKeyCreate/token");
    let letter = world.server.mail_to(&alice.email(), KEY, 1).await;
    assert!(letter.text.lines().any(|line| line.trim() == "nightly report"), "{letter:?}");
    let wallet = Wallet::number(1);
    alice.connect(&wallet).await;
    let letter = world.server.mail_to(&alice.email(), WALLET, 1).await;
    assert!(letter.text.contains(&wallet.address), "{letter:?}");
    // Proved anew, it is nothing new; the letter that comes after it would come behind another.
    alice.connect(&wallet).await;
    alice.connect(&Wallet::number(2)).await;
    let letter = world.server.mail_to(&alice.email(), WALLET, 2).await;
    assert!(letter.text.contains(&Wallet::number(2).address), "{letter:?}");
}

async fn an_address_that_nobody_has_proved_gets_no_letters(engine: Engine) {
    let world = World::start_with(engine, &wallet::settings()).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for user in [&alice, &bob] {
        world.server.mail_to(&user.email(), PROVE, 1).await;
    }
    alice.connect(&Wallet::number(1)).await;
    let key = json!({ "name": "report", "scopes": ["READ"] });
    alice.mutate("apiKeyCreate", key, "token").await.ok("/apiKeyCreate/token");
    let change = json!({ "email": "new@example.org", "password": OWN });
    alice.mutate("accountChangeEmail", change, VIEWER).await.ok("/accountChangeEmail/viewer");
    let code = world.server.mail_to("new@example.org", PROVE, 1).await.code();
    world.anonymous.mutate("accountVerifyEmail", json!({ "token": code }), "").await.ok("/accountVerifyEmail/errors");
    delete(&bob, Some(OWN)).await.ok("/accountDelete/deletedId");
    cleared(&world.database).await;
    tests::job::all_done(&world.database).await;
    for mail in world.server.mails() {
        assert_eq!(mail.subject(), PROVE, "{mail:?}");
    }
}

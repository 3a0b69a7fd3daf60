//! Referrals: codes that people give to others, and who came by them.

mod codes;
mod counting;
mod lists;

use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::{Answer, Client, User, World};

const CODE: &str = "referralCode { id code maxUses useCount expiresAt disabledAt createdAt }";

async fn try_make(user: &Client, input: Value) -> Answer {
    user.mutate("referralCodeCreate", input, CODE).await
}

/// A code of this user's: its id, and what others write.
async fn make(user: &User, input: Value) -> (String, String) {
    let answer = try_make(user, input).await;
    (answer.text("/referralCodeCreate/referralCode/id"), answer.text("/referralCodeCreate/referralCode/code"))
}

async fn disable(user: &Client, id: &str) -> Answer {
    user.mutate("referralCodeDisable", json!({ "id": id }), CODE).await
}

/// Signs up by a code.
async fn come(client: &Client, username: &str, code: &str) -> Answer {
    let email = format!("{username}@example.org");
    let input = json!({ "username": username, "email": email, "password": PASSWORD, "referralCode": code });
    client.mutate("accountCreate", input, SESSION).await
}

/// How often the codes of this user have counted, the newest first, and who came by each, the last one first.
async fn counted(user: &User) -> Vec<(i64, Vec<String>)> {
    let document =
        "{ viewer { referralCodes { nodes { useCount referrals { nodes { createdAt user { username } } } } } } }";
    let answer = user.graphql(document, Value::Null).await;
    let names = |code: &Value| {
        let referrals = code["referrals"]["nodes"].as_array().unwrap().iter();
        referrals.map(|referral| referral["user"]["username"].as_str().unwrap().to_owned()).collect()
    };
    let codes = answer.list("/viewer/referralCodes/nodes").iter();
    codes.map(|code| (code["useCount"].as_i64().unwrap(), names(code))).collect()
}

async fn number(world: &World, table: &str) -> i64 {
    world.database.number(&format!("SELECT COUNT(*) FROM {table}")).await
}

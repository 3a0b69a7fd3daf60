//! Accounts: their addresses, their passwords, and whether they rest.

mod afterwards;
mod cascades;
mod deletion;
mod email;
mod leftovers;
mod letters;
mod password;
mod standing;

use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::{Answer, Client, User, World};

const VIEWER: &str = "viewer { email pendingEmail emailVerifiedAt user { id username kind } }";

/// How somebody sees themselves.
async fn viewer(user: &User) -> Value {
    user.graphql(&format!("{{ {VIEWER} }}"), Value::Null).await.ok("/viewer").clone()
}

/// A sign-in, whatever comes of it.
async fn sign_in(client: &Client, login: &str, password: &str) -> Answer {
    client.mutate("sessionCreate", json!({ "login": login, "password": password }), SESSION).await
}

/// Fails the test unless a session and all its tokens are of no use any more.
async fn is_out(world: &World, user: &User) {
    user.graphql("{ viewer { email } }", Value::Null).await.failed("UNAUTHENTICATED");
    let input = json!({ "refreshToken": user.refresh_token });
    world.anonymous.mutate("sessionRefresh", input, SESSION).await.refused_with("sessionRefresh", "EXPIRED");
}

/// How many lines the audit log has of this action on this account, done by its owner or by who was not signed in.
async fn audited(world: &World, user: &User, action: &str, signed_in: bool) -> i64 {
    let actor = if signed_in { "a.actor_id = a.user_id" } else { "a.actor_id IS NULL" };
    let sql = format!(
        "SELECT COUNT(*) FROM audit_log a JOIN users u ON u.id = a.user_id \
         WHERE u.username = '{}' AND a.action = '{action}' AND a.ip_address = '127.0.0.1' AND {actor}",
        user.username
    );
    world.database.number(&sql).await
}

/// Another password than everybody has.
const OTHER: &str = "another long secret";

/// The sessions of an account that have not ended.
async fn open_sessions(world: &World, user: &User) -> i64 {
    let sql = "SELECT COUNT(*) FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.revoked_at IS NULL";
    world.database.number(&format!("{sql} AND u.username = '{}'", user.username)).await
}

/// Somebody's password, as it was set up.
const OWN: &str = PASSWORD;

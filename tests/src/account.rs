//! Accounts: a user of the test, signed in, and what it does with its own session and profile.

use std::ops::Deref;

use serde_json::{Value, json};

use crate::{Answer, Client};

/// The password of every account that the harness makes.
pub const PASSWORD: &str = "correct horse battery staple";

/// What sign-up and sign-in are asked for.
pub const SESSION: &str = "session { id createdAt lastActivityAt expiresAt ipAddress userAgent isCurrent } \
    user { id username kind profile { displayName } createdAt } accessToken accessTokenExpiresAt refreshToken";

/// A signed-in account. It is also a [`Client`]: `alice.graphql(…)` sends its token.
#[derive(Clone)]
pub struct User {
    /// `usr_…`
    pub id: String,
    /// The name it signed up with.
    pub username: String,
    /// The access token.
    pub token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// `ses_…`
    pub session: String,
    client: Client,
}

impl Deref for User {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Client {
    /// Creates an account with this name, [`PASSWORD`] and `name@example.org`.
    pub async fn sign_up(&self, username: &str) -> User {
        let email = format!("{username}@example.org");
        let input = json!({ "username": username, "email": email, "password": PASSWORD });
        self.signed_in("accountCreate", &self.mutate("accountCreate", input, SESSION).await)
    }

    /// Signs in to an account again, which makes another session of it.
    pub async fn sign_in(&self, login: &str) -> User {
        let input = json!({ "login": login, "password": PASSWORD });
        self.signed_in("sessionCreate", &self.mutate("sessionCreate", input, SESSION).await)
    }

    /// Signs in to an account on a device, as `DeviceInput` has it.
    pub async fn sign_in_on(&self, login: &str, device: Value) -> User {
        let input = json!({ "login": login, "password": PASSWORD, "device": device });
        self.signed_in("sessionCreate", &self.mutate("sessionCreate", input, SESSION).await)
    }

    /// Comes as a guest.
    pub async fn enter_as_guest(&self, username: &str) -> User {
        let input = json!({ "username": username });
        self.signed_in("sessionCreateGuest", &self.mutate("sessionCreateGuest", input, SESSION).await)
    }

    /// Takes up the session that a refresh token gives.
    pub async fn refresh(&self, refresh_token: &str) -> User {
        let input = json!({ "refreshToken": refresh_token });
        self.signed_in("sessionRefresh", &self.mutate("sessionRefresh", input, SESSION).await)
    }

    /// The same user, who asks where this client does.
    pub fn as_user(&self, user: &User) -> User {
        User { client: self.with_token(&user.token), ..user.clone() }
    }

    /// The user whom a session payload names.
    #[track_caller]
    pub fn signed_in(&self, mutation: &str, answer: &Answer) -> User {
        let text = |pointer: &str| answer.text(&format!("/{mutation}/{pointer}"));
        let token = text("accessToken");
        User {
            id: text("user/id"),
            username: text("user/username"),
            refresh_token: text("refreshToken"),
            session: text("session/id"),
            client: self.with_token(&token),
            token,
        }
    }
}

impl User {
    /// Changes fields of the own profile.
    pub async fn update_profile(&self, input: Value) -> Answer {
        let select = "user { id username profile { displayName firstName lastName avatarUrl bio } }";
        self.mutate("profileUpdate", input, select).await
    }

    /// Ends one of the own sessions; the current one without an id.
    pub async fn revoke_session(&self, id: Option<&str>) -> Answer {
        let input = id.map_or_else(|| json!({}), |id| json!({ "id": id }));
        self.mutate("sessionRevoke", input, "revokedId").await
    }

    /// Makes an API key of these scopes.
    pub async fn create_key(&self, scopes: &[&str]) -> Key {
        let input = json!({ "name": "a key", "scopes": scopes });
        let answer = self.mutate("apiKeyCreate", input, "token apiKey { id }").await;
        let token = answer.text("/apiKeyCreate/token");
        Key { id: answer.text("/apiKeyCreate/apiKey/id"), user: self.speaking_by(&token) }
    }

    /// The same user, for whom another token speaks.
    pub fn speaking_by(&self, token: &str) -> User {
        User { token: token.to_owned(), client: self.client.with_token(token), ..self.clone() }
    }

    /// Revokes one of the own keys.
    pub async fn revoke_key(&self, id: &str) -> Answer {
        self.mutate("apiKeyRevoke", json!({ "id": id }), "revokedId").await
    }

    /// The own audit log, the newest line first.
    pub async fn audit_log(&self) -> Vec<Value> {
        let document = "{ viewer { auditLog(first: 100) { nodes { \
            action userId user { id } actor { id } ipAddress createdAt } } } }";
        self.graphql(document, Value::Null).await.list("/viewer/auditLog/nodes").clone()
    }

    /// What was done to the own account, the newest first.
    pub async fn audited(&self) -> Vec<String> {
        let lines = self.audit_log().await;
        lines.iter().map(|line| line["action"].as_str().expect("an action").to_owned()).collect()
    }

    /// Whether what speaks for this user still does.
    pub async fn is_signed_in(&self) -> bool {
        let answer = self.graphql("{ viewer { user { id } } }", Value::Null).await;
        match answer.error_code() {
            None => answer.ok("/viewer/user/id") == self.id.as_str(),
            Some(code) => {
                assert_eq!(code, "UNAUTHENTICATED", "{}", answer.json);
                false
            }
        }
    }
}

/// An API key.
pub struct Key {
    /// `key_…`
    pub id: String,
    /// Its owner, who speaks by it.
    pub user: User,
}

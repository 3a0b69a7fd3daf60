//! API keys: how programs speak for an account.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use domain::api_key::{self, Draft};
use domain::{Code, Refusal};
use entity::api_key::Model;

use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::nullable::Required;
use super::page::connection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, viewer};
use super::session::client;
use super::viewer::Own;
use super::{fault, id};

/// What an API key may do. None manages the account: sessions, devices, keys, the profile and the like take a session.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiKeyScope {
    /// Queries and subscriptions.
    Read,
    /// Changes in threads and in the feed, too.
    Write,
}

/// A key with which a program speaks for you.
#[derive(SimpleObject, Clone)]
pub(crate) struct ApiKey {
    /// The key's id, which is not the key itself: `key_…`.
    id: ID,
    /// What you know it by.
    name: String,
    /// What it may do.
    scopes: Vec<ApiKeyScope>,
    /// When it was made.
    created_at: DateTime,
    /// When it ends by itself; null if it doesn't.
    expires_at: Option<DateTime>,
    /// When it was last used, to the minute; null if it never was.
    last_used_at: Option<DateTime>,
}

connection!(ApiKeyConnection, ApiKeyEdge, ApiKey, "API keys");

impl From<Model> for ApiKey {
    fn from(row: Model) -> Self {
        let scopes = if row.can_write { vec![ApiKeyScope::Read, ApiKeyScope::Write] } else { vec![ApiKeyScope::Read] };
        Self {
            id: row.id.to_string().into(),
            name: row.name,
            scopes,
            created_at: row.created_at.into(),
            expires_at: row.expires_at.map(DateTime),
            last_used_at: row.last_used_at.map(DateTime),
        }
    }
}

/// The viewer's keys.
pub(crate) struct OwnKeys(pub(crate) Own);

#[Object]
impl OwnKeys {
    /// Your API keys that were not revoked, the newest first. Not for API keys.
    async fn api_keys(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<ApiKeyConnection> {
        Required::of(async {
            let Own(who, scope) = &self.0;
            let window = List::ApiKeys.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = api_key::list(scope.app(), who, &window).await.map_err(fault)?;
            Ok(ApiKeyConnection::of(page.map(|row| (List::ApiKeys.cursor(&row.id.to_string()), ApiKey::from(row)))))
        })
        .await
    }
}

/// The key to make.
#[derive(InputObject)]
pub(crate) struct ApiKeyCreateInput {
    /// What you know it by: 1 to 100 characters.
    name: String,
    /// What it may do: at least one. Whoever may write may read.
    scopes: Vec<ApiKeyScope>,
    /// When it ends by itself; without it, when it is revoked.
    expires_at: Option<DateTime>,
}

/// The outcome of apiKeyCreate. Keep the token: it is shown once.
#[derive(SimpleObject)]
pub(crate) struct ApiKeyCreatePayload {
    /// The key as it is listed.
    api_key: Option<ApiKey>,
    /// The key itself, `lnk_…`: for the `Authorization: Bearer …` header, and for the payload of `connection_init`.
    token: Option<String>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Which key to revoke.
#[derive(InputObject)]
pub(crate) struct ApiKeyRevokeInput {
    /// One of your keys.
    id: ID,
}

/// The outcome of apiKeyRevoke.
#[derive(SimpleObject)]
pub(crate) struct ApiKeyRevokePayload {
    /// The key that was revoked.
    revoked_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

fn draft(input: ApiKeyCreateInput) -> domain::Result<Draft> {
    if input.scopes.is_empty() {
        return Err(Refusal::new(Code::Blank, "scopes", "Say at least one.").into());
    }
    let can_write = input.scopes.contains(&ApiKeyScope::Write);
    Ok(Draft { name: input.name, can_write, expires_at: input.expires_at.map(|at| at.0) })
}

#[derive(Default)]
pub(crate) struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Makes a key with which a program speaks for you. Guests have none.
    async fn api_key_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key.")] input: ApiKeyCreateInput,
    ) -> Result<ApiKeyCreatePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            api_key::create(scope.app(), &client(ctx), who, draft(input)?).await
        };
        let (created, errors) = settle(outcome.await)?;
        let (api_key, token) = created.map(|created| (created.key.into(), created.token)).unzip();
        Ok(ApiKeyCreatePayload { api_key, token, errors })
    }

    /// Revokes one of your keys. What it has open closes within a second, sockets with code 4403.
    async fn api_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: ApiKeyRevokeInput,
    ) -> Result<ApiKeyRevokePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            api_key::revoke(scope.app(), &client(ctx), who, id::parse("id", &input.id)?).await
        };
        let (revoked, errors) = settle(outcome.await)?;
        Ok(ApiKeyRevokePayload { revoked_id: revoked.map(|()| input.id.clone()), errors })
    }
}

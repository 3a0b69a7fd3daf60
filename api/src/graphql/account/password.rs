//! Passwords: changing a known one, setting a forgotten one anew.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use domain::account;

use super::AccountPayload;
use crate::graphql::error::{UserError, settle};
use crate::graphql::scope::{Scope, viewer};
use crate::graphql::session::client;
use crate::graphql::user::User;

/// The password, and the one to come.
#[derive(InputObject)]
pub(crate) struct AccountChangePasswordInput {
    /// The one that you have.
    #[graphql(secret)]
    current_password: String,
    /// The one to come: 8 to 256 bytes.
    #[graphql(secret)]
    new_password: String,
}

/// Who has forgotten a password.
#[derive(InputObject)]
pub(crate) struct PasswordResetRequestInput {
    /// The account's email address, whatever the case.
    email: String,
}

/// The outcome of passwordResetRequest: the same whether or not there is an account.
#[derive(SimpleObject)]
pub(crate) struct PasswordResetRequestPayload {
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The password to come, and the right to set it.
#[derive(InputObject)]
pub(crate) struct PasswordResetInput {
    /// The code that came by mail.
    #[graphql(secret)]
    token: String,
    /// The password to come: 8 to 256 bytes.
    #[graphql(secret)]
    new_password: String,
}

/// The outcome of passwordReset.
#[derive(SimpleObject)]
pub(crate) struct PasswordResetPayload {
    /// The account, which can be signed in to with the new password.
    user: Option<User>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct PasswordMutation;

#[Object]
impl PasswordMutation {
    /// Changes your password. Your other sessions end, and their sockets close with code 4403; an address that is waiting to be proved
    /// is forgotten, unless it is the one you have. API keys and wallets stay: look through them.
    async fn account_change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password, and the one to come.")] input: AccountChangePasswordInput,
    ) -> Result<AccountPayload> {
        let (scope, client) = (Scope::fresh(ctx), client(ctx));
        let (current, new) = (input.current_password, input.new_password);
        let outcome = account::change_password(scope.app(), &client, viewer(ctx), current, new).await;
        AccountPayload::of(scope, outcome)
    }

    /// Sends a code by mail to who has forgotten a password. The answer is the same if there is no account with that address.
    async fn password_reset_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who has.")] input: PasswordResetRequestInput,
    ) -> Result<PasswordResetRequestPayload> {
        let scope = Scope::fresh(ctx);
        let (_, errors) = settle(account::request_reset(scope.app(), &client(ctx), &input.email).await)?;
        Ok(PasswordResetRequestPayload { errors })
    }

    /// Sets a password anew by the code that came by mail, which is good for an hour, and once. All sessions of the account end, and
    /// their sockets close with code 4403; its API keys are revoked, and another address that is waiting to be proved is forgotten.
    /// Wallets stay: look through them.
    async fn password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code, and the password to come.")] input: PasswordResetInput,
    ) -> Result<PasswordResetPayload> {
        let scope = Scope::fresh(ctx);
        let outcome = account::reset_password(scope.app(), &client(ctx), &input.token, input.new_password).await;
        let (reset, errors) = settle(outcome)?;
        let user = match reset {
            Some(id) => User::load(&scope, id).await?,
            None => None,
        };
        Ok(PasswordResetPayload { user, errors })
    }
}

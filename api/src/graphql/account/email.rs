//! Email addresses: proving and changing them.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use domain::account;

use super::AccountPayload;
use crate::graphql::error::{UserError, settle};
use crate::graphql::scope::{Scope, viewer};
use crate::graphql::session::client;
use crate::graphql::user::User;

/// Which address to send the mail to again.
#[derive(InputObject)]
pub(crate) struct AccountVerifyEmailSendInput {
    /// One of yours that is not proved; without it, the one that you are changing to, or else the one that you have. One is waited
    /// for at a time: to name the one that you have gives up the change.
    email: Option<String>,
}

/// The outcome of accountVerifyEmailSend.
#[derive(SimpleObject)]
pub(crate) struct AccountVerifyEmailSendPayload {
    /// The address that the mail goes to; null if there is nothing to prove.
    email: Option<String>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The proof of an address.
#[derive(InputObject)]
pub(crate) struct AccountVerifyEmailInput {
    /// The code that came by mail.
    #[graphql(secret)]
    token: String,
}

/// The outcome of accountVerifyEmail.
#[derive(SimpleObject)]
pub(crate) struct AccountVerifyEmailPayload {
    /// The account whose address is proved.
    user: Option<User>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// The address to change to.
#[derive(InputObject)]
pub(crate) struct AccountChangeEmailInput {
    /// The new address.
    email: String,
    /// Your password.
    #[graphql(secret)]
    password: String,
}

#[derive(Default)]
pub(crate) struct EmailMutation;

#[Object]
impl EmailMutation {
    /// Sends the mail that proves an address once more. Only its newest code is good, for a day. Signing up and asking for another
    /// address send the first one.
    async fn account_verify_email_send(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which address.")] input: AccountVerifyEmailSendInput,
    ) -> Result<AccountVerifyEmailSendPayload> {
        let scope = Scope::fresh(ctx);
        let outcome = account::send_verification(scope.app(), viewer(ctx), input.email).await;
        let (email, errors) = settle(outcome)?;
        Ok(AccountVerifyEmailSendPayload { email, errors })
    }

    /// Proves an address by the code that went there. If it is one to change to, it is the account's from now on. The code is proof
    /// enough: you need not be signed in.
    async fn account_verify_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The proof.")] input: AccountVerifyEmailInput,
    ) -> Result<AccountVerifyEmailPayload> {
        let scope = Scope::fresh(ctx);
        let outcome = account::verify_email(scope.app(), &client(ctx), viewer(ctx), &input.token).await;
        let (proved, errors) = settle(outcome)?;
        let user = match proved {
            Some(id) => User::load(&scope, id).await?,
            None => None,
        };
        Ok(AccountVerifyEmailPayload { user, errors })
    }

    /// Asks for another address. It is yours once it is proved by the code that goes there; until then the one that you have stays,
    /// and it is told by mail, both now and when it is changed. Whether another account has the address is not said.
    async fn account_change_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address, and your password.")] input: AccountChangeEmailInput,
    ) -> Result<AccountPayload> {
        let scope = Scope::fresh(ctx);
        let outcome = account::change_email(scope.app(), &client(ctx), viewer(ctx), input.email, input.password).await;
        AccountPayload::of(scope, outcome)
    }
}

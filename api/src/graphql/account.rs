//! Accounts: signing up, what becomes of them, and their end.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::access;
use domain::account::{self, SignUp};

use super::device::{DeviceInput, client_on};
use super::error::{UserError, settle};
use super::scope::{Scope, viewer};
use super::session::{SessionPayload, client};
use super::viewer::Viewer;

mod email;
mod export;
mod password;

pub(crate) use email::EmailMutation;
pub(crate) use export::ExportMutation;
pub(crate) use password::PasswordMutation;

/// Who signs up.
#[derive(InputObject)]
pub(crate) struct AccountCreateInput {
    /// 1 to 50 of `A-Za-z0-9_-`, unique whatever the case.
    username: String,
    /// An email address, unique whatever the case.
    email: String,
    /// 8 to 256 bytes.
    #[graphql(secret)]
    password: String,
    /// The name to show, 1 to 100 characters; the username if left out.
    display_name: Option<String>,
    /// What they sign up on.
    device: Option<DeviceInput>,
    /// The code of whoever brought them along.
    referral_code: Option<String>,
}

/// Who comes as a guest.
#[derive(InputObject)]
pub(crate) struct SessionCreateGuestInput {
    /// 1 to 50 of `A-Za-z0-9_-`, unique whatever the case.
    username: String,
    /// What they come on.
    device: Option<DeviceInput>,
}

/// What makes a guest's account a full one.
#[derive(InputObject)]
pub(crate) struct AccountUpgradeInput {
    /// An email address, unique whatever the case.
    email: String,
    /// 8 to 256 bytes.
    #[graphql(secret)]
    password: String,
}

/// Which account to put to rest: yours.
#[derive(InputObject)]
pub(crate) struct AccountDeactivateInput {
    /// Your password.
    #[graphql(secret)]
    password: String,
}

/// The outcome of a change to your account.
#[derive(SimpleObject)]
pub(crate) struct AccountPayload {
    /// You, as you are now; null if nothing was changed.
    viewer: Option<Viewer>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

impl AccountPayload {
    /// The payload of whatever changes the viewer's account.
    fn of(scope: Scope, outcome: domain::Result<access::Viewer>) -> Result<Self> {
        let (changed, errors) = settle(outcome)?;
        Ok(Self { viewer: changed.map(|who| Viewer::of(who, scope)), errors })
    }
}

/// The outcome of accountDeactivate.
#[derive(SimpleObject)]
pub(crate) struct AccountDeactivatePayload {
    /// The account that rests now.
    deactivated_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Whose account is to be deleted.
#[derive(InputObject)]
pub(crate) struct AccountDeleteInput {
    /// Your password, if the account has one.
    #[graphql(secret)]
    password: Option<String>,
}

/// The outcome of accountDelete.
#[derive(SimpleObject)]
pub(crate) struct AccountDeletePayload {
    /// The account that is gone.
    deleted_id: Option<ID>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Signs up, and in.
    async fn account_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs up.")] input: AccountCreateInput,
    ) -> Result<SessionPayload> {
        let scope = Scope::fresh(ctx);
        let sign_up = SignUp {
            username: input.username,
            email: input.email,
            password: input.password,
            display_name: input.display_name,
            is_vouched_for: false,
            referral_code: input.referral_code,
        };
        let outcome =
            async { account::create(scope.app(), &client_on(ctx, input.device)?, viewer(ctx), sign_up).await };
        SessionPayload::of(&scope, outcome.await).await
    }

    /// Gives an address and a password to your account if it has none: to a guest's, which becomes a full one, and to one that came
    /// with a wallet. It keeps its id, its name and what it wrote, and goes on in this session. A mail asks for proof of the address.
    /// Sockets that are open go on as before: connect anew. An account that has a password is refused with CONFLICT.
    async fn account_upgrade(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is new of it.")] input: AccountUpgradeInput,
    ) -> Result<AccountPayload> {
        let scope = Scope::fresh(ctx);
        let outcome = account::upgrade(scope.app(), &client(ctx), viewer(ctx), input.email, input.password).await;
        AccountPayload::of(scope, outcome)
    }

    /// Puts your account to rest: all its sessions end, and their sockets close with code 4403. What you wrote stays, and signing in
    /// again takes the account up as it was. The last administrator who may sign in is refused with CONFLICT.
    async fn account_deactivate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Your password.")] input: AccountDeactivateInput,
    ) -> Result<AccountDeactivatePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let (done, errors) = settle(account::deactivate(scope.app(), &client(ctx), who, input.password).await)?;
        let deactivated_id = done.and(who.user_id()).map(|id| id.to_string().into());
        Ok(AccountDeactivatePayload { deactivated_id, errors })
    }

    /// Deletes your account, for good: all its sessions end, its name and address are free again, and what is yours alone goes. What
    /// you wrote to others stays with them, without a sender. Within moments it leaves its threads; until then it is shown there
    /// without its name. The last administrator who may sign in is refused with CONFLICT.
    async fn account_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Your password.")] input: AccountDeleteInput,
    ) -> Result<AccountDeletePayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let (done, errors) = settle(account::delete(scope.app(), &client(ctx), who, input.password).await)?;
        let deleted_id = done.and(who.user_id()).map(|id| id.to_string().into());
        Ok(AccountDeletePayload { deleted_id, errors })
    }

    /// Signs in a visitor with a name only, who may read and write in public rooms.
    async fn session_create_guest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who comes.")] input: SessionCreateGuestInput,
    ) -> Result<SessionPayload> {
        let scope = Scope::fresh(ctx);
        let outcome =
            async { account::create_guest(scope.app(), &client_on(ctx, input.device)?, input.username).await };
        SessionPayload::of(&scope, outcome.await).await
    }
}

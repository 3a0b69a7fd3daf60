//! Accounts: signing up.

use async_graphql::{Context, InputObject, Object, Result};
use domain::account::{self, SignUp};

use super::scope::Scope;
use super::session::{SessionPayload, client};

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
}

/// Who comes as a guest.
#[derive(InputObject)]
pub(crate) struct SessionCreateGuestInput {
    /// 1 to 50 of `A-Za-z0-9_-`, unique whatever the case.
    username: String,
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
        };
        let outcome = account::create(scope.app(), &client(ctx), sign_up).await;
        SessionPayload::of(&scope, outcome).await
    }

    /// Signs in a visitor with a name only, who may read and write in public rooms.
    async fn session_create_guest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who comes.")] input: SessionCreateGuestInput,
    ) -> Result<SessionPayload> {
        let scope = Scope::fresh(ctx);
        let outcome = account::create_guest(scope.app(), &client(ctx), input.username).await;
        SessionPayload::of(&scope, outcome).await
    }
}

//! What administrators see, and do to accounts.

use async_graphql::{Context, ID, InputObject, MergedObject, Object, Result, SimpleObject};
use domain::access::Administrator;
use domain::{administration, audit};
use entity::id::UserId;

use super::assistant::AssistantAdministration;
use super::audit::AuditEntryConnection;
use super::batch::BatchAdministration;
use super::cursor::{Args, ITEMS, List};
use super::error::{UserError, settle};
use super::job::JobAdministration;
use super::nullable::{Nullable, Required};
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, viewer};
use super::session::client;
use super::user::User;
use super::viewer::Own;
use super::{fault, id};

/// Whether the viewer administers.
pub(crate) struct OwnAdministration(pub(crate) Own);

#[Object]
impl OwnAdministration {
    /// What you see as an administrator of this installation; null if you are none, and for API keys.
    async fn administration(&self) -> Nullable<Administration> {
        Nullable::of(async {
            let Own(who, scope) = &self.0;
            let proof = Administrator::prove(scope.app(), who).await.map_err(fault)?;
            Ok(proof.map(|proof| Administration::of(&proof, scope)))
        })
        .await
    }
}

/// What administrators of an installation see. Not among it is what others write, nor any secret.
#[derive(MergedObject)]
pub(crate) struct Administration(
    AccountAdministration,
    JobAdministration,
    BatchAdministration,
    AssistantAdministration,
);

impl Administration {
    fn of(proof: &Administrator, scope: &Scope) -> Self {
        Self(
            AccountAdministration { proof: proof.clone(), scope: scope.clone() },
            JobAdministration { proof: proof.clone(), scope: scope.clone() },
            BatchAdministration { proof: proof.clone(), scope: scope.clone() },
            AssistantAdministration { proof: proof.clone(), scope: scope.clone() },
        )
    }
}

/// What administrators see of accounts.
pub(crate) struct AccountAdministration {
    proof: Administrator,
    scope: Scope,
}

#[Object]
impl AccountAdministration {
    /// What was done to accounts, the newest first.
    async fn audit_log(
        &self,
        #[graphql(desc = "To this account only. It may be gone.")] user_id: Option<ID>,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<AuditEntryConnection> {
        Required::of(async {
            let user_id = id::parse_optional("user_id", user_id.as_ref()).map_err(fault)?;
            let window = List::Audit.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = audit::of_any(self.scope.app(), &self.proof, user_id, &window).await.map_err(fault)?;
            Ok(AuditEntryConnection::listed(page, &self.scope))
        })
        .await
    }
}

/// Which account to suspend.
#[derive(InputObject)]
pub(crate) struct UserSuspendInput {
    /// Somebody else's account.
    id: ID,
}

/// The outcome of userSuspend.
#[derive(SimpleObject)]
pub(crate) struct UserSuspendPayload {
    /// The account that is suspended.
    user: Option<User>,
    /// Since when it is.
    suspended_at: Option<DateTime>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

/// Whose suspension to lift.
#[derive(InputObject)]
pub(crate) struct UserUnsuspendInput {
    /// The account.
    id: ID,
}

/// The outcome of userUnsuspend.
#[derive(SimpleObject)]
pub(crate) struct UserUnsuspendPayload {
    /// The account that is not suspended.
    user: Option<User>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct AdministrationMutation;

#[Object]
impl AdministrationMutation {
    /// Suspends an account: its sessions end, its API keys are refused, what it has open closes within a second (sockets with code
    /// 4403), and nobody signs in to it. What it has written stays. For administrators.
    async fn user_suspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: UserSuspendInput,
    ) -> Result<UserSuspendPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let id: UserId = id::parse("id", &input.id)?;
            Ok((id, administration::suspend(scope.app(), &client(ctx), who, id).await?))
        };
        let (done, errors) = settle(outcome.await)?;
        let Some((id, since)) = done else { return Ok(UserSuspendPayload { user: None, suspended_at: None, errors }) };
        Ok(UserSuspendPayload { user: User::load(&scope, id).await?, suspended_at: Some(since.into()), errors })
    }

    /// Lifts a suspension: the account may sign in again, and its API keys work again. For administrators.
    async fn user_unsuspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: UserUnsuspendInput,
    ) -> Result<UserUnsuspendPayload> {
        let (scope, who) = (Scope::fresh(ctx), viewer(ctx));
        let outcome = async {
            who.require()?;
            let id: UserId = id::parse("id", &input.id)?;
            administration::unsuspend(scope.app(), &client(ctx), who, id).await?;
            Ok(id)
        };
        let (id, errors) = settle(outcome.await)?;
        let user = match id {
            Some(id) => User::load(&scope, id).await?,
            None => None,
        };
        Ok(UserUnsuspendPayload { user, errors })
    }
}

//! The audit log: what was done to accounts.

use async_graphql::{Enum, ID, Object};
use domain::audit;
use domain::page::Page;
use entity::audit_entry::{Action, Model};

use super::cursor::{Args, ITEMS, List};
use super::fault;
use super::nullable::{Nullable, Required};
use super::page::connection;
use super::scalar::{Cursor, DateTime};
use super::scope::{Scope, Shown};
use super::user::User;
use super::viewer::Own;

/// What was done to an account. May grow: show an unknown value as it is.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Action")]
pub(crate) enum AuditAction {
    /// Somebody signed in.
    SignIn,
    /// Somebody tried to, with a wrong secret.
    SignInFailure,
    /// A session was ended, or all but one.
    SessionRevoke,
    /// A used refresh token was used again: its session was ended.
    TokenReuse,
    /// The account was made.
    AccountCreate,
    /// A guest became a full account.
    AccountUpgrade,
    /// The account was put to rest by its owner.
    AccountDeactivate,
    /// Its owner signed in again, which took it up again.
    AccountReactivate,
    /// A change of the email address was asked for.
    EmailChangeRequest,
    /// Its owner asked for its deletion.
    AccountDelete,
    /// Its data was exported.
    AccountExport,
    /// The password was changed by who knew it.
    PasswordChange,
    /// The password was set anew by who reads the account's mail.
    PasswordReset,
    /// The email address was changed.
    EmailChange,
    /// The email address was proved.
    EmailVerify,
    /// A device was seen for the first time.
    DeviceAdd,
    /// A device was forgotten.
    DeviceRemove,
    /// A wallet was connected.
    WalletConnect,
    /// A wallet was taken away.
    WalletRemove,
    /// An API key was made.
    ApiKeyCreate,
    /// An API key was revoked.
    ApiKeyRevoke,
    /// The account became an administrator's.
    AdminGrant,
    /// The account is no administrator's any more.
    AdminRevoke,
    /// An administrator suspended the account.
    Suspend,
    /// An administrator lifted the suspension.
    Unsuspend,
    /// An administrator deleted a chirp of the account's.
    ChirpDelete,
    /// An administrator, whose account this is, began a job anew that was given up.
    JobRetry,
    /// An administrator, whose account this is, began all jobs anew that were given up.
    JobRetryAll,
    /// An administrator, whose account this is, forgot a job that was given up.
    JobForget,
    /// An administrator, whose account this is, cancelled a batch of jobs.
    JobBatchCancel,
}

/// Something that was done to an account.
#[derive(Clone)]
pub(crate) struct AuditEntry {
    row: Model,
    scope: Scope,
}

connection!(AuditEntryConnection, AuditEntryEdge, AuditEntry, "what was done to accounts");

/// Something that was done to an account.
#[Object]
impl AuditEntry {
    /// The line's id: `aud_…`.
    async fn id(&self) -> ID {
        self.row.id.to_string().into()
    }

    /// What was done.
    async fn action(&self) -> AuditAction {
        self.row.action.into()
    }

    /// The id of the account that it concerns. It stays when the account is gone.
    async fn user_id(&self) -> ID {
        self.row.user_id.to_string().into()
    }

    /// The account that it concerns; null once it is gone.
    async fn user(&self) -> Nullable<User> {
        Nullable::of(User::load(&self.scope, self.row.user_id)).await
    }

    /// Who did it; null for somebody who was not signed in, for whoever runs the server, and once their account is gone.
    async fn actor(&self) -> Nullable<User> {
        Nullable::of(async {
            match self.row.actor_id {
                Some(id) => User::load(&self.scope, id).await,
                None => Ok(None),
            }
        })
        .await
    }

    /// From where it was done; null where that is not known, where somebody else did it to you, and once the account is gone.
    async fn ip_address(&self) -> Option<&str> {
        self.row.ip_address.as_deref()
    }

    /// When it was done.
    async fn created_at(&self) -> DateTime {
        self.row.created_at.into()
    }
}

impl AuditEntryConnection {
    /// A page of the log.
    pub(crate) fn listed(page: Page<Model>, scope: &Scope) -> Self {
        let users = page.items.iter().flat_map(|row| [Some(row.user_id), row.actor_id]).flatten().collect();
        let scope = scope.showing(Shown { users, ..Shown::default() });
        Self::of(page.map(|row| {
            let cursor = List::Audit.cursor(&row.id.to_string());
            (cursor, AuditEntry { row, scope: scope.clone() })
        }))
    }
}

/// What was done to the viewer's account.
pub(crate) struct OwnAudit(pub(crate) Own);

#[Object]
impl OwnAudit {
    /// What was done to your account, the newest first. Not for API keys.
    async fn audit_log(
        &self,
        #[graphql(desc = "How many from the beginning: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<Cursor>,
    ) -> Required<AuditEntryConnection> {
        Required::of(async {
            let Own(who, scope) = &self.0;
            let window = List::Audit.window(Args { first, after, last, before }, ITEMS).map_err(fault)?;
            let page = audit::of_own(scope.app(), who, &window).await.map_err(fault)?;
            Ok(AuditEntryConnection::listed(page, scope))
        })
        .await
    }
}

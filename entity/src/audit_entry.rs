//! `audit_log`: what was done to accounts. Append-only.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{AuditId, UserId};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Action {
    /// Somebody signed in.
    #[sea_orm(string_value = "sign_in")]
    SignIn,
    /// Somebody tried to, with a wrong secret.
    #[sea_orm(string_value = "sign_in_failure")]
    SignInFailure,
    /// A session was ended.
    #[sea_orm(string_value = "session_revoke")]
    SessionRevoke,
    /// A used refresh token was used again: its session was ended.
    #[sea_orm(string_value = "token_reuse")]
    TokenReuse,
    /// The account was made.
    #[sea_orm(string_value = "account_create")]
    AccountCreate,
    /// A guest became a full account.
    #[sea_orm(string_value = "account_upgrade")]
    AccountUpgrade,
    /// The account was put to rest by its owner.
    #[sea_orm(string_value = "account_deactivate")]
    AccountDeactivate,
    /// Its owner signed in again, which took it up again.
    #[sea_orm(string_value = "account_reactivate")]
    AccountReactivate,
    /// Its owner asked for its deletion.
    #[sea_orm(string_value = "account_delete")]
    AccountDelete,
    /// Its data was exported.
    #[sea_orm(string_value = "account_export")]
    AccountExport,
    /// The password was changed by who knew it.
    #[sea_orm(string_value = "password_change")]
    PasswordChange,
    /// The password was set anew by who reads the account's mail.
    #[sea_orm(string_value = "password_reset")]
    PasswordReset,
    /// A change of the email address was asked for.
    #[sea_orm(string_value = "email_change_request")]
    EmailChangeRequest,
    /// The email address was changed.
    #[sea_orm(string_value = "email_change")]
    EmailChange,
    /// The email address was proved.
    #[sea_orm(string_value = "email_verify")]
    EmailVerify,
    /// A device was seen for the first time.
    #[sea_orm(string_value = "device_add")]
    DeviceAdd,
    /// A device was forgotten.
    #[sea_orm(string_value = "device_remove")]
    DeviceRemove,
    /// A wallet was connected.
    #[sea_orm(string_value = "wallet_connect")]
    WalletConnect,
    /// A wallet was taken away.
    #[sea_orm(string_value = "wallet_remove")]
    WalletRemove,
    /// An API key was made.
    #[sea_orm(string_value = "api_key_create")]
    ApiKeyCreate,
    /// An API key was revoked.
    #[sea_orm(string_value = "api_key_revoke")]
    ApiKeyRevoke,
    /// The account became an administrator's.
    #[sea_orm(string_value = "admin_grant")]
    AdminGrant,
    /// The account is no administrator's any more.
    #[sea_orm(string_value = "admin_revoke")]
    AdminRevoke,
    /// An administrator suspended the account.
    #[sea_orm(string_value = "suspend")]
    Suspend,
    /// An administrator lifted the suspension.
    #[sea_orm(string_value = "unsuspend")]
    Unsuspend,
    /// An administrator deleted a chirp of the account's.
    #[sea_orm(string_value = "chirp_delete")]
    ChirpDelete,
    /// An administrator began a job anew that was given up.
    #[sea_orm(string_value = "job_retry")]
    JobRetry,
    /// An administrator began all jobs anew that were given up.
    #[sea_orm(string_value = "job_retry_all")]
    JobRetryAll,
    /// An administrator forgot a job that was given up.
    #[sea_orm(string_value = "job_forget")]
    JobForget,
    /// An administrator cancelled a batch of jobs.
    #[sea_orm(string_value = "job_batch_cancel")]
    JobBatchCancel,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditId,
    /// Whose account it concerns; no foreign key, since the row outlives the account.
    pub user_id: UserId,
    /// Who did it; none for somebody who was not signed in, and for the operator.
    pub actor_id: Option<UserId>,
    pub action: Action,
    /// From where; emptied when the account is deleted.
    pub ip_address: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

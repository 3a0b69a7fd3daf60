//! `email_verification_tokens`: the address that an account is proving, one at a time.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::UserId;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "email_verification_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The address: the account's own, or one that it is to be changed to.
    pub email: String,
    /// SHA-256 of the token that went there; none until one has.
    pub token_hash: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

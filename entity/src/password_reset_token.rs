//! `password_reset_tokens`: for who has forgotten a password and reads the account's mail.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::UserId;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "password_reset_tokens")]
pub struct Model {
    /// The address that it went to, normalised.
    #[sea_orm(primary_key, auto_increment = false)]
    pub email: String,
    /// Whose password: the address may come to be somebody else's.
    pub user_id: UserId,
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

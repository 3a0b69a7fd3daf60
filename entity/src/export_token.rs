//! `export_tokens`: links to exports that were not followed yet, one for an account.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{SessionId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "export_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The session that asked: the export ends with it.
    pub session_id: SessionId,
    /// SHA-256 of the token in the link.
    pub token_hash: Vec<u8>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

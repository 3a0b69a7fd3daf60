//! `api_keys`: keys that programs speak for an account with; stored as SHA-256 only.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{ApiKeyId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ApiKeyId,
    pub user_id: UserId,
    pub name: String,
    #[sea_orm(unique)]
    pub key_hash: Vec<u8>,
    /// Whether it may change things, too.
    pub can_write: bool,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

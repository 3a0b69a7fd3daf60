//! `user_devices`: what accounts have signed in on.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{DeviceId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "user_devices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DeviceId,
    pub user_id: UserId,
    pub name: String,
    pub platform: Option<String>,
    pub push_token: Option<String>,
    pub last_seen_at: Timestamp,
    pub created_at: Timestamp,
    /// SHA-256 of the id that the client keeps; unique for an account.
    pub key_hash: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

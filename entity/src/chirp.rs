//! `chirps`: short things that people say to everybody, each at its place in the one feed.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{ChirpId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "chirps")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChirpId,
    pub user_id: UserId,
    /// The line of the feed's log that posted it.
    pub seq: i64,
    pub message: String,
    /// Chosen by the author, unique per author.
    pub client_key: Option<String>,
    /// A hash of what was said, so that the same key with another message is known even after a change.
    pub send_hash: Option<Vec<u8>>,
    /// 1, and one more with each change.
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

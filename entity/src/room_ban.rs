//! `room_bans`: who is kept out of which room. One that has ended has no effect, and is removed in time.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{ThreadId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "room_bans")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub thread_id: ThreadId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// Who banned them; none once that account is gone.
    pub by_user_id: Option<UserId>,
    pub reason: Option<String>,
    pub at: Timestamp,
    /// When it ends by itself; none if it does not.
    pub until: Option<Timestamp>,
    /// The line of the room's log that tells of it.
    pub seq: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

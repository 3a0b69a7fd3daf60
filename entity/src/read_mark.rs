//! `read_marks`: one row per mark, not per message: everything up to `up_to_seq` was got or read. Append-only.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{ThreadId, UserId};

/// What a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum MarkKind {
    /// A device has got it.
    #[sea_orm(num_value = 1)]
    Delivered,
    /// A person has read it.
    #[sea_orm(num_value = 2)]
    Read,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "read_marks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub thread_id: ThreadId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: MarkKind,
    #[sea_orm(primary_key, auto_increment = false)]
    pub up_to_seq: i64,
    pub at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! `thread_participants`: who takes part in which thread, and how far they have read.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{ThreadId, UserId};

/// What a participant may do. Its names sort as lists show them: admins first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// Writes and manages.
    #[sea_orm(string_value = "admin")]
    Admin,
    /// Writes like a member; a program.
    #[sea_orm(string_value = "ai")]
    Ai,
    /// Reads and writes.
    #[sea_orm(string_value = "member")]
    Member,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "thread_participants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub thread_id: ThreadId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    pub role: Role,
    pub joined_at: Timestamp,
    /// The event by which they joined (last).
    pub joined_seq: i64,
    /// The row of one who left stays, so that their inbox hears of it.
    pub left_at: Option<Timestamp>,
    /// The event by which an admin removed them, if that is how they left.
    pub removed_seq: Option<i64>,
    pub last_read_at: Option<Timestamp>,
    /// The last message read.
    pub last_read_seq: i64,
    pub last_read_position: i64,
    pub last_delivered_seq: i64,
    pub muted_until: Option<Timestamp>,
    /// When this row changed, by the database's clock.
    pub changed_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

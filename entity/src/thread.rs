//! `threads`: direct, group and room threads, and where the log of each stands.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{ThreadId, UserId};

/// What sort of thread it is; never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ThreadKind {
    /// Two people, for ever.
    #[sea_orm(string_value = "direct")]
    Direct,
    /// Whom its admins add.
    #[sea_orm(string_value = "group")]
    Group,
    /// Readable by anyone.
    #[sea_orm(string_value = "room")]
    Room,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "threads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ThreadId,
    pub kind: ThreadKind,
    pub title: Option<String>,
    /// The two members of a direct thread, smaller id first; unique.
    pub direct_key: Option<String>,
    pub created_by: Option<UserId>,
    pub archived_at: Option<Timestamp>,
    pub last_message_at: Option<Timestamp>,
    /// When the last message came, by the database's clock: what lists are sorted by.
    pub activity_at: Timestamp,
    /// The last event of the log.
    pub last_seq: i64,
    /// The last event that retention has removed from the log; 0 when none was.
    pub trimmed_seq: i64,
    /// Moves with every change to who may do what; a proof of membership carries it.
    pub membership_seq: i64,
    /// Messages ever posted; the position of the last one.
    pub message_count: i64,
    pub participant_count: i32,
    /// Null while the thread shares receipts. Set, for good, when it grows too large for that: messages after this
    /// event have no receipts, those up to it keep theirs.
    pub receipts_until_seq: Option<i64>,
    /// Whether one of the two of a direct thread has blocked the other: nobody writes here then. Which of them is in `blocks`.
    pub blocked: bool,
    /// Whether the assistant takes part.
    pub assistant: bool,
    /// Messages up to this event are in the archive, those behind it are in `messages`; 0 when none was moved.
    pub moved_seq: i64,
    /// When it is to be looked at whether its messages can go to the archive, by the database's clock; null while there is nothing
    /// that could.
    pub move_look_at: Option<Timestamp>,
    /// Whether its messages are to come back from the archive.
    pub coming_back: bool,
    /// After how many days messages are deleted; null to keep them.
    pub retention_days: Option<i32>,
    /// The last message that was old enough to be deleted; 0 when none was.
    pub expired_seq: i64,
    /// Its position: every message up to it is deleted.
    pub expired_position: i64,
    pub created_at: Timestamp,
    /// When anything but its messages changed, by the database's clock.
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

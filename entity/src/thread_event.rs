//! `thread_events`: the log that every stream reads: each durable change of a thread, in order. Append-only.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{MessageId, ThreadId, UserId};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum EventKind {
    /// A message was posted; its seq is this event's.
    #[sea_orm(num_value = 1)]
    MessagePosted,
    /// A message says something else now.
    #[sea_orm(num_value = 2)]
    MessageEdited,
    /// A message is a tombstone now.
    #[sea_orm(num_value = 3)]
    MessageDeleted,
    /// Reactions to a message came or went.
    #[sea_orm(num_value = 4)]
    ReactionsChanged,
    /// Some members have got or read more.
    #[sea_orm(num_value = 5)]
    ReceiptsAdvanced,
    /// Somebody joined, left or has another role.
    #[sea_orm(num_value = 6)]
    ParticipantChanged,
    /// The title or the archive flag changed.
    #[sea_orm(num_value = 7)]
    ThreadChanged,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "thread_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub thread_id: ThreadId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub kind: EventKind,
    pub actor_id: Option<UserId>,
    pub message_id: Option<MessageId>,
    /// Ids only, never content: `domain::event` knows the shapes.
    pub data: Option<Json>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

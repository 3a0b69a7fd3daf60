//! `message_mentions`: whom messages name, one row for each message and account. Those of messages in the archive are in
//! `archived_mentions`, with the same columns.

use sea_orm::entity::prelude::*;

use crate::id::{MessageId, ThreadId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message_mentions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: MessageId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// The message's thread and seq, by which what is unread is counted.
    pub thread_id: ThreadId,
    pub seq: i64,
    /// Where in the text: a list of pairs of offset and length, both in UTF-16 code units.
    pub places: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

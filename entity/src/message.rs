//! `messages`: messages, each at its place in its thread for ever.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{MessageId, ThreadId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub thread_id: ThreadId,
    /// Null once the account is gone.
    pub sender_id: Option<UserId>,
    /// The event that posted it.
    pub seq: i64,
    /// 1, 2, 3 … in the thread.
    pub position: i64,
    /// Null once deleted.
    pub content: Option<String>,
    pub parent_id: Option<MessageId>,
    pub metadata: Option<Json>,
    /// Chosen by the sender, unique per sender and thread.
    pub client_key: Option<String>,
    /// A hash of what was sent, so that the same key with another content is known even after an edit.
    pub send_hash: Option<Vec<u8>>,
    /// 1, and one more with each edit and with the deletion.
    pub version: i32,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

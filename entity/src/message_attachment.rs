//! `message_attachments`: files that messages carry, by address.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{AttachmentId, MessageId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message_attachments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttachmentId,
    pub message_id: MessageId,
    pub url: String,
    #[sea_orm(column_name = "type")]
    pub media_type: String,
    pub name: String,
    /// Bytes.
    pub size: i32,
    pub metadata: Option<Json>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

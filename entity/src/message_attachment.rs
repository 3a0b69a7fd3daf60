//! `message_attachments`: files that messages carry: by address, or as they were put here.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{AttachmentId, MessageId, UploadId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message_attachments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttachmentId,
    pub message_id: MessageId,
    /// Where it is; empty if it was put here.
    pub url: String,
    #[sea_orm(column_name = "type")]
    pub media_type: String,
    pub name: String,
    /// Bytes.
    pub size: i32,
    pub metadata: Option<Json>,
    pub created_at: Timestamp,
    /// The file itself, if it was put here.
    pub upload_id: Option<UploadId>,
    pub width: Option<i32>,
    pub height: Option<i32>,
    pub has_thumbnail: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

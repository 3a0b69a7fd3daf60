//! `uploads`: files that are put here, before and after a message carries them.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{UploadId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UploadId,
    /// Whose it is; none once the account has gone.
    pub user_id: Option<UserId>,
    pub client_key: Option<String>,
    pub name: String,
    /// What its client says it is.
    pub declared_type: String,
    /// Bytes.
    pub size: i32,
    /// What it is, once it is here.
    #[sea_orm(column_name = "type")]
    pub media_type: Option<String>,
    pub width: Option<i32>,
    pub height: Option<i32>,
    pub thumbnail_type: Option<String>,
    pub thumbnail_size: Option<i32>,
    /// SHA-256 of the one content that it may have, from when that is about to be stored.
    pub content_hash: Option<Vec<u8>>,
    pub created_at: Timestamp,
    /// Until when it may be put here.
    pub expires_at: Timestamp,
    /// When all of it was here.
    pub completed_at: Option<Timestamp>,
    /// From when on it is as if it were not there.
    pub removed_at: Option<Timestamp>,
    /// When it is to be taken away; none while a message carries it.
    pub collect_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

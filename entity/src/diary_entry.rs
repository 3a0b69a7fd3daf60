//! `diaries`: what people write for themselves alone.

use sea_orm::entity::prelude::*;

use crate::id::{DiaryEntryId, UserId};
use crate::{Date as Day, Timestamp};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "diaries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DiaryEntryId,
    /// The one person who ever reads it.
    pub user_id: UserId,
    pub title: String,
    pub content: String,
    pub mood: Option<String>,
    /// The day that it is about.
    pub entry_date: Day,
    /// Title and content normalised and stripped of accents, for its owner's search.
    pub search_text: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

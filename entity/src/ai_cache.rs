//! `ai_cache`: answers that were given to a prompt, for whoever asks the very same in the same thread.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{CachedAnswerId, ThreadId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ai_cache")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CachedAnswerId,
    /// The thread that it was given in, and is given in again.
    pub scope: ThreadId,
    pub model: String,
    /// SHA-256 of the whole prompt, in hexadecimal; unique with scope and model.
    pub prompt_hash: String,
    /// The first 200 characters of what was asked.
    pub prompt_summary: String,
    pub response_text: String,
    pub tokens_used: i64,
    /// Millionths of a dollar.
    pub cost_estimate: i64,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! `job_batches`: jobs that belong together, with how far they have come.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::BatchId;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job_batches")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: BatchId,
    /// What they do together.
    pub name: String,
    pub total_jobs: i32,
    /// Jobs that have not come to an end yet, good or bad.
    pub pending_jobs: i32,
    /// Jobs that were given up and not begun anew since.
    pub failed_jobs: i32,
    /// The first of those, as far as they are kept.
    pub failed_job_ids: Json,
    /// What is to be done at the end.
    pub options: Json,
    pub cancelled_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// When nothing was pending any more.
    pub finished_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

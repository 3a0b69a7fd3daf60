//! `failed_jobs`: jobs that were given up, with what they were to do and why they did not.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{BatchId, FailedJobId, JobId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "failed_jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FailedJobId,
    /// The job's own id.
    #[sea_orm(unique)]
    pub uuid: JobId,
    /// What carried it: `database`, and nothing else so far.
    pub connection: String,
    pub queue: String,
    pub kind: String,
    pub payload: Json,
    pub attempts: i32,
    /// Why the last attempt failed.
    pub exception: String,
    pub batch_id: Option<BatchId>,
    /// When it was given.
    pub created_at: Timestamp,
    pub failed_at: Timestamp,
    /// Whose address is in the payload. With the account the row goes.
    pub user_id: Option<UserId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

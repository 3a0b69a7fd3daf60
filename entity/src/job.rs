//! `jobs`: what is to be done beside requests, each until it is done or given up.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{BatchId, JobId, LeaseId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    /// What it waits in; queues do not wait for each other.
    pub queue: String,
    /// What is to be done.
    pub kind: String,
    /// With what, and how far it has come.
    pub payload: Json,
    /// How often it was begun. Whoever began it last holds it.
    pub attempts: i32,
    /// When it was begun last; none while it waits.
    pub reserved_at: Option<Timestamp>,
    /// From when on it may be begun. Of a job that runs, the end of its lease: so a lost one is begun again by itself.
    pub available_at: Timestamp,
    pub batch_id: Option<BatchId>,
    pub created_at: Timestamp,
    /// Whose address is in the payload; the account may be gone.
    pub user_id: Option<UserId>,
    /// Who began it last: another one for each beginning. Numbers of attempts come again, when a job is put back or given anew
    /// under the same id.
    pub lease_id: Option<LeaseId>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

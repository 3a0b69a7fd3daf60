//! `chirp_events`: the log of the feed: each durable change of a chirp, in order. Append-only.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::ChirpId;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum ChirpEventKind {
    /// A chirp was posted; its seq is this event's.
    #[sea_orm(num_value = 1)]
    Posted,
    /// A chirp says something else now.
    #[sea_orm(num_value = 2)]
    Updated,
    /// A chirp is no more.
    #[sea_orm(num_value = 3)]
    Deleted,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "chirp_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub kind: ChirpEventKind,
    /// No foreign key: the line outlives the chirp.
    pub chirp_id: ChirpId,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

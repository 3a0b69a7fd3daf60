//! `cache_locks`: what one node does while the others don't.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::LockOwnerId;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "cache_locks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Who holds it: another one for each time that it is taken.
    pub owner: LockOwnerId,
    pub expiration: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! `instance`: one row about this database itself.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "instance")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    /// A random number that names this log; every cursor carries it, and `restore` changes it.
    pub log_epoch: i64,
    pub schema_version: i32,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

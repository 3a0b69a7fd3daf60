//! `assistant_costs`: what the assistant has cost, by day and model.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assistant_costs")]
pub struct Model {
    /// In UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: crate::Date,
    #[sea_orm(primary_key, auto_increment = false)]
    pub model: String,
    /// All answers, those from the cache among them.
    pub answers: i64,
    pub cached_answers: i64,
    pub failed_attempts: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    /// Millionths of a dollar.
    pub micro_dollars: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! `wallet_nonces`: what makes each challenge good for one use.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::NonceId;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "wallet_nonces")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NonceId,
    pub address: String,
    #[sea_orm(unique)]
    pub nonce: String,
    pub expires_at: Timestamp,
    pub consumed_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

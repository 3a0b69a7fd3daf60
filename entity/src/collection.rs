//! `nft_collections`: what tokens belong to.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{CollectionId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "nft_collections")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CollectionId,
    pub name: String,
    pub symbol: String,
    pub description: Option<String>,
    /// Its contract; none where tokens are on no chain.
    pub contract_address: Option<String>,
    /// The contract's chain (EIP-155).
    pub chain_id: Option<i64>,
    pub created_by: Option<UserId>,
    /// Whether others than its creator may mint into it.
    pub is_open: bool,
    /// How many tokens there may ever be.
    pub max_supply: Option<i64>,
    /// How many there are.
    pub minted_count: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! `wallets`: keys of Ethereum that speak for accounts; an address is of one account on each chain.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{UserId, WalletId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "wallets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WalletId,
    pub user_id: UserId,
    /// With the checksum of EIP-55; unique with the chain, whatever the case.
    pub address: String,
    pub chain_id: i64,
    pub label: Option<String>,
    /// One of an account's is.
    pub is_primary: bool,
    /// When its owner last proved that the key is theirs.
    pub verified_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! `wallet_challenges`: messages that wallets were asked to sign, byte by byte.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{ChallengeId, NonceId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "wallet_challenges")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ChallengeId,
    pub address: String,
    pub chain_id: i64,
    /// The account to connect the wallet to; none for signing in.
    pub user_id: Option<UserId>,
    pub message: String,
    #[sea_orm(unique)]
    pub nonce_id: NonceId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

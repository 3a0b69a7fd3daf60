//! `minting_queue_items`: tokens that somebody has asked for, and what has become of that.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{BatchId, CollectionId, MintId, NftId, UserId};

/// What has become of a token that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum MintStatus {
    /// It waits for its turn.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// The chain was asked for it, or is about to be.
    #[sea_orm(string_value = "submitted")]
    Submitted,
    /// It is there.
    #[sea_orm(string_value = "minted")]
    Minted,
    /// It was given up.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// It was taken back before its turn came.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "minting_queue_items")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MintId,
    pub user_id: UserId,
    pub collection_id: CollectionId,
    /// The wallet that it is for.
    pub wallet_address: Option<String>,
    pub metadata_uri: String,
    pub status: MintStatus,
    /// How often it was begun.
    pub attempts: i32,
    /// By which the chain knows it, from before it is asked.
    pub transaction_hash: Option<String>,
    /// What went wrong last, for whoever asked.
    pub last_error: Option<String>,
    pub nft_id: Option<NftId>,
    /// The batch of jobs that it is of.
    pub batch_id: Option<BatchId>,
    /// Which one of those that were asked for together.
    pub place: i32,
    /// Chosen by who asked, unique per account and place.
    pub client_key: Option<String>,
    /// A hash of all that was asked for together, so that the same key with something else is known.
    pub request_hash: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

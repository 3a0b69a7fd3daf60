//! `nfts`: tokens that were minted.

use sea_orm::entity::prelude::*;

use crate::Timestamp;
use crate::id::{CollectionId, NftId, UserId};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "nfts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NftId,
    pub collection_id: CollectionId,
    /// Its number in the collection, in decimal digits: chains have up to 256 bits for it.
    pub token_id: String,
    pub owner_user_id: Option<UserId>,
    /// The wallet that it was minted to.
    pub owner_address: Option<String>,
    pub metadata_uri: String,
    pub transaction_hash: String,
    pub minted_at: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! What an account has of tokens: collections, those that it owns, and what it has asked for.

use serde_json::{Value, json};

use super::section::{Part, SHORT, Section, at, id, name, window};
use crate::access::Viewer;
use crate::app::App;
use crate::error::Result;
use crate::{collection, mint, nft};

pub(super) struct Collections;

impl Section for Collections {
    const NAME: &'static str = "nftCollections";
    type Key = String;

    async fn read(app: &App, viewer: &Viewer, after: Option<String>) -> Result<Part<Value, String>> {
        let page = collection::of_own(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.id.to_string(),
            |row| {
                json!({
                    "id": row.id.to_string(),
                    "name": row.name,
                    "symbol": row.symbol,
                    "description": row.description,
                    "isOpen": row.is_open,
                    "maxSupply": row.max_supply,
                    "mintedCount": row.minted_count,
                    "createdAt": at(row.created_at),
                    "updatedAt": at(row.updated_at),
                })
            },
        ))
    }
}

pub(super) struct Nfts;

impl Section for Nfts {
    const NAME: &'static str = "nfts";
    type Key = nft::Key;

    async fn read(app: &App, viewer: &Viewer, after: Option<Self::Key>) -> Result<Part<Value, Self::Key>> {
        let page = nft::of_own(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.id.to_string(),
            |row| {
                json!({
                    "id": row.id.to_string(),
                    "tokenId": row.token_id,
                    "collection": id(row.collection_id),
                    "ownerAddress": row.owner_address,
                    "metadataUri": row.metadata_uri,
                    "transactionHash": row.transaction_hash,
                    "mintedAt": at(row.minted_at),
                })
            },
        ))
    }
}

pub(super) struct Mints;

impl Section for Mints {
    const NAME: &'static str = "mints";
    type Key = mint::Key;

    async fn read(app: &App, viewer: &Viewer, after: Option<Self::Key>) -> Result<Part<Value, Self::Key>> {
        let page = mint::list(app, viewer, None, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.id.to_string(),
            |row| {
                json!({
                    "id": row.id.to_string(),
                    "collection": id(row.collection_id),
                    "metadataUri": row.metadata_uri,
                    "walletAddress": row.wallet_address,
                    "status": name(&row.status),
                    "attempts": row.attempts,
                    "transactionHash": row.transaction_hash,
                    "lastError": row.last_error,
                    "nft": row.nft_id.map(id),
                    "batchId": row.batch_id.map(|id| id.to_string()),
                    "clientKey": row.client_key,
                    "createdAt": at(row.created_at),
                    "updatedAt": at(row.updated_at),
                })
            },
        ))
    }
}

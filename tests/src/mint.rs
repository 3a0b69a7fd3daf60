//! Collections, tokens, and asking for them.

use serde_json::{Value, json};

use crate::deadline::eventually;
use crate::{Answer, Client, Database, Socket, Subscription, User};

/// The fields of a collection.
pub const COLLECTION: &str = "id name symbol description createdBy { username } isOpen maxSupply mintedCount onChain \
    contractAddress chainId createdAt updatedAt";
/// The fields of a token; but for its wallet, which depends on who asks.
pub const NFT: &str =
    "id tokenId collection { id name } owner { username } metadataUri onChain transactionHash mintedAt";
/// The fields of what was asked for.
pub const MINT: &str = "id collection { id } metadataUri walletAddress status attempts transactionHash lastError \
    nft { id tokenId } batchId clientKey createdAt updatedAt";
/// The numbers of a batch.
pub const MINT_BATCH: &str = "id total pending minted failed cancelled progress";

/// Where the metadata of a token is.
pub fn uri(number: usize) -> String {
    format!("ipfs://metadata/{number}.json")
}

impl User {
    /// Makes a collection, and gives its id.
    pub async fn collection(&self, is_open: bool, max_supply: Option<i32>) -> String {
        let input =
            json!({ "name": "Birds of the roof", "symbol": "BIRD", "isOpen": is_open, "maxSupply": max_supply });
        self.try_collection(input).await.text("/nftCollectionCreate/collection/id")
    }

    /// Asks for a token, and gives the id of that.
    pub async fn request_mint(&self, collection: &str, number: usize) -> String {
        let input = json!({ "collectionId": collection, "metadataUri": uri(number) });
        self.try_mint(input).await.text("/mintRequest/mint/id")
    }

    /// Asks for so many tokens at once, and gives the id of the batch.
    pub async fn request_mints(&self, collection: &str, count: usize) -> String {
        let uris: Vec<_> = (1..=count).map(uri).collect();
        let input = json!({ "collectionId": collection, "metadataUris": uris });
        self.try_mints(input).await.text("/mintBatchRequest/batch/id")
    }

    /// What was asked for, as it is now; null if there is none.
    pub async fn mint(&self, id: &str) -> Value {
        let document = format!("query($id: ID!) {{ viewer {{ mint(id: $id) {{ {MINT} }} }} }}");
        self.graphql(&document, json!({ "id": id })).await.data()["viewer"]["mint"].clone()
    }

    /// The same once it has come to an end.
    pub async fn ended_mint(&self, id: &str) -> Value {
        let ended = async || Some(self.mint(id).await).filter(|mint| !is_pending(mint));
        eventually("a mint to come to its end", ended).await
    }

    /// All that was asked for, the newest first.
    pub async fn mints(&self, arguments: &str) -> Answer {
        let document = format!(
            "{{ viewer {{ mints({arguments}) {{ edges {{ cursor node {{ {MINT} }} }} nodes {{ {MINT} }} \
             pageInfo {{ hasNextPage hasPreviousPage }} }} }} }}"
        );
        self.graphql(&document, Value::Null).await
    }

    /// A batch as it is now; null if there is none.
    pub async fn mint_batch(&self, id: &str) -> Value {
        let document = format!(
            "query($id: ID!) {{ viewer {{ mintBatch(id: $id) {{ {MINT_BATCH} mints(first: 100) {{ nodes {{ {MINT} }} }} }} }} }}"
        );
        self.graphql(&document, json!({ "id": id })).await.data()["viewer"]["mintBatch"].clone()
    }

    /// The same once nothing of it is pending.
    pub async fn ended_mint_batch(&self, id: &str) -> Value {
        let ended = async || Some(self.mint_batch(id).await).filter(|batch| batch["pending"] == 0);
        eventually("a batch of mints to come to its end", ended).await
    }
}

/// Whether something that was asked for has not come to its end.
pub fn is_pending(mint: &Value) -> bool {
    ["QUEUED", "SUBMITTED"].iter().any(|status| mint["status"] == *status)
}

impl Client {
    /// Makes a collection.
    pub async fn try_collection(&self, input: Value) -> Answer {
        self.mutate("nftCollectionCreate", input, &format!("collection {{ {COLLECTION} }}")).await
    }

    /// Changes a collection.
    pub async fn try_update_collection(&self, input: Value) -> Answer {
        self.mutate("nftCollectionUpdate", input, &format!("collection {{ {COLLECTION} }}")).await
    }

    /// Asks for a token.
    pub async fn try_mint(&self, input: Value) -> Answer {
        self.mutate("mintRequest", input, &format!("mint {{ {MINT} }}")).await
    }

    /// Asks for several.
    pub async fn try_mints(&self, input: Value) -> Answer {
        self.mutate("mintBatchRequest", input, &format!("batch {{ {MINT_BATCH} }}")).await
    }

    /// Takes back what is queued.
    pub async fn cancel_mint(&self, id: &str) -> Answer {
        self.mutate("mintCancel", json!({ "id": id }), &format!("mint {{ {MINT} }}")).await
    }

    /// Takes back what is queued of a batch.
    pub async fn cancel_mint_batch(&self, id: &str) -> Answer {
        self.mutate("mintBatchCancel", json!({ "id": id }), &format!("batch {{ {MINT_BATCH} }}")).await
    }

    /// The tokens of a collection, the newest first.
    pub async fn nfts(&self, collection: &str) -> Vec<Value> {
        let document = format!(
            "query($id: ID!) {{ node(id: $id) {{ ... on NftCollection {{ nfts(first: 100) {{ nodes {{ {NFT} ownerAddress }} }} }} }} }}"
        );
        self.graphql(&document, json!({ "id": collection })).await.list("/node/nfts/nodes").clone()
    }
}

impl Socket {
    /// `mintProgress`: each value is a mint.
    pub async fn watch_mint(&self, id: &str) -> Subscription {
        let document = format!("subscription($id: ID!) {{ mintProgress(id: $id) {{ {MINT} }} }}");
        self.subscribe(&document, json!({ "id": id })).await
    }

    /// `mintBatchProgress`: each value is a batch.
    pub async fn watch_mint_batch(&self, id: &str) -> Subscription {
        let document = format!("subscription($id: ID!) {{ mintBatchProgress(id: $id) {{ {MINT_BATCH} }} }}");
        self.subscribe(&document, json!({ "id": id })).await
    }
}

impl Database {
    /// The numbers of all tokens, in their order.
    pub async fn token_numbers(&self) -> Vec<i64> {
        let rows = self.rows("SELECT CAST(token_id AS BIGINT) AS number FROM nfts ORDER BY number").await;
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

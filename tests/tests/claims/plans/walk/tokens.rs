//! Everything that is done with collections and tokens, the jobs that mint them among it.

use super::*;

const COLLECTIONS: &str = "query($after: Cursor) { nftCollections(first: 2, after: $after) { edges { cursor node { \
    name createdBy { username } nfts(first: 2) { edges { cursor node { tokenId owner { username } } } } } } } }";
const TOKENS: &str = "query($after: Cursor, $id: ID!) { node(id: $id) { ... on NftCollection { nfts(first: 1, after: $after) { \
    edges { cursor node { tokenId } } } } } viewer { user { nfts(first: 1, after: $after) { nodes { collection { name } } } } } }";
const MINTS: &str = "query($after: Cursor, $batch: ID!, $id: ID!) { viewer { mints(first: 1, after: $after) { \
    edges { cursor node { status nft { tokenId } collection { name } } } } mint(id: $id) { status } \
    mintBatch(id: $batch) { pending mints(first: 2) { nodes { status } } } } }";

impl Walk<'_> {
    pub(super) async fn tokens(&mut self) {
        self.server.record_statements().await;
        let collection = self.reader.collection(true, Some(1000)).await;
        self.reader.collection(false, None).await;
        let change = json!({ "id": collection, "description": "other" });
        self.reader.try_update_collection(change).await.ok("/nftCollectionUpdate/collection");
        self.keep("collections of one's own").await;
        self.server.record_statements().await;
        let wanted = json!({ "collectionId": collection, "metadataUri": "ar://1", "clientKey": "one" });
        let one = self.reader.try_mint(wanted.clone()).await.text("/mintRequest/mint/id");
        self.reader.try_mint(wanted).await.ok("/mintRequest/mint");
        let batch = self.reader.request_mints(&collection, 5).await;
        self.reader.ended_mint_batch(&batch).await;
        self.reader.ended_mint(&one).await;
        self.reader.cancel_mint(&one).await.refused("mintCancel", "CONFLICT", &["id"]);
        self.reader.cancel_mint_batch(&batch).await.ok("/mintBatchCancel/batch");
        self.keep("asking for tokens, and minting them").await;
        let first = self.ask("collections", COLLECTIONS, json!({})).await;
        self.ask("the next page of collections", COLLECTIONS, json!({ "after": first[0]["cursor"] })).await;
        let tokens = self.ask("tokens", TOKENS, json!({ "id": collection })).await;
        let next = json!({ "id": collection, "after": tokens[0]["cursor"] });
        self.ask("the next page of tokens", TOKENS, next).await;
        let all = self.reader.mints("first: 1").await;
        let after = &all.list("/viewer/mints/edges")[0]["cursor"];
        self.ask("mints", MINTS, json!({ "batch": batch, "id": one })).await;
        self.ask("the next page of mints", MINTS, json!({ "batch": batch, "id": one, "after": after })).await;
    }
}

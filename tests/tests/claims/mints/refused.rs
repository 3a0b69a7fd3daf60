//! What is not taken.

use super::*;

claims![
    collections_are_checked_field_by_field,
    what_is_asked_for_is_checked_field_by_field,
    guests_make_no_collections_and_ask_for_no_tokens,
    no_more_are_queued_than_may_be,
];

async fn collections_are_checked_field_by_field(world: World) {
    let alice = world.user("alice").await;
    let refused = async |change: Value, code: &str, field: &str| {
        let mut input = json!({ "name": "Birds", "symbol": "BIRD" });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        alice.try_collection(input).await.refused("nftCollectionCreate", code, &[field]);
    };
    refused(json!({ "name": " " }), "BLANK", "name").await;
    refused(json!({ "name": "x".repeat(101) }), "TOO_LONG", "name").await;
    refused(json!({ "name": "a\u{0}b" }), "INVALID", "name").await;
    refused(json!({ "symbol": "bird" }), "INVALID", "symbol").await;
    refused(json!({ "symbol": "BIRDBIRDBIRD" }), "TOO_LONG", "symbol").await;
    refused(json!({ "description": "x".repeat(1001) }), "TOO_LONG", "description").await;
    refused(json!({ "maxSupply": 0 }), "INVALID", "maxSupply").await;
    refused(json!({ "maxSupply": 1_000_000_001 }), "INVALID", "maxSupply").await;
}

async fn what_is_asked_for_is_checked_field_by_field(world: World) {
    let alice = world.user("alice").await;
    let birds = alice.collection(false, None).await;
    let ask = |uri: &str| json!({ "collectionId": birds, "metadataUri": uri });
    for (uri, code) in [
        ("", "BLANK"),
        ("javascript:alert(1)", "INVALID"),
        ("ipfs://", "INVALID"),
        ("ipfs://a b", "INVALID"),
        (&format!("ipfs://{}", "x".repeat(2000)), "TOO_LONG"),
    ] {
        alice.try_mint(ask(uri)).await.refused("mintRequest", code, &["metadataUri"]);
    }
    for uri in ["https://example.org/1.json", "http://example.org/1", "ipfs://bafy/1", "ar://xyz"] {
        alice.try_mint(ask(uri)).await.ok("/mintRequest/mint");
    }
    let input = json!({ "collectionId": tests::id::absent(&birds), "metadataUri": uri(1) });
    alice.try_mint(input).await.refused("mintRequest", "NOT_FOUND", &["collectionId"]);
    let input = json!({ "collectionId": alice.id, "metadataUri": uri(1) });
    alice.try_mint(input).await.refused("mintRequest", "INVALID", &["collectionId"]);
    let input = json!({ "collectionId": birds, "metadataUri": uri(1), "clientKey": "x".repeat(101) });
    alice.try_mint(input).await.refused("mintRequest", "TOO_LONG", &["clientKey"]);
    alice.cancel_mint(&birds).await.refused("mintCancel", "INVALID", &["id"]);
    let anonymous = world.anonymous.try_mint(ask("ar://x")).await;
    anonymous.failed("UNAUTHENTICATED");
}

async fn guests_make_no_collections_and_ask_for_no_tokens(world: World) {
    let alice = world.user("alice").await;
    let birds = alice.collection(true, None).await;
    let guest = world.guest("gus").await;
    let made = guest.try_collection(json!({ "name": "Birds", "symbol": "BIRD" })).await;
    made.refused_with("nftCollectionCreate", "FORBIDDEN");
    let asked = guest.try_mint(json!({ "collectionId": birds, "metadataUri": uri(1) })).await;
    asked.refused_with("mintRequest", "FORBIDDEN");
}

async fn no_more_are_queued_than_may_be(engine: Engine) {
    let (_world, alice) = without_workers(engine).await;
    let birds = alice.collection(false, None).await;
    for _ in 0..5 {
        alice.request_mints(&birds, 100).await;
    }
    let one_more = json!({ "collectionId": birds, "metadataUri": uri(1) });
    alice.try_mint(one_more.clone()).await.refused("mintRequest", "TOO_LONG", &["collectionId"]);
    let queued = alice.mints("first: 1").await.text("/viewer/mints/nodes/0/id");
    alice.cancel_mint(&queued).await.ok("/mintCancel/mint");
    alice.try_mint(one_more).await.ok("/mintRequest/mint");
}

//! Collections: made, changed by who made them, and listed.

use tests::mint::COLLECTION;

use super::*;

claims![
    a_collection_is_as_it_was_made_and_everybody_sees_it,
    only_its_creator_changes_a_collection,
    collections_are_listed_the_newest_first_both_ways,
    a_page_of_collections_takes_as_many_statements_whatever_its_length,
];

async fn a_collection_is_as_it_was_made_and_everybody_sees_it(world: World) {
    let alice = world.user("alice").await;
    let input =
        json!({ "name": "Bérds", "symbol": "B1RD", "description": "of the roof", "isOpen": true, "maxSupply": 7 });
    let made = alice.try_collection(input).await.ok("/nftCollectionCreate/collection").clone();
    let expected = json!({
        "id": made["id"], "name": "Bérds", "symbol": "B1RD", "description": "of the roof", "isOpen": true,
        "createdBy": { "username": "alice" }, "maxSupply": 7, "mintedCount": 0, "onChain": false,
        "contractAddress": null, "chainId": null, "createdAt": made["createdAt"], "updatedAt": made["createdAt"],
    });
    assert_eq!(made, expected);
    let document = format!(
        "query($id: ID!) {{ node(id: $id) {{ ... on NftCollection {{ {COLLECTION} }} }} \
         nftCollections(first: 5) {{ nodes {{ {COLLECTION} }} }} }}"
    );
    let guest = world.guest("gus").await;
    for client in [&world.anonymous, &guest] {
        let answer = client.graphql(&document, json!({ "id": made["id"] })).await;
        assert_eq!((&answer.data()["node"], &answer.data()["nftCollections"]["nodes"][0]), (&made, &made));
    }
    let plain = alice.try_collection(json!({ "name": "Plain", "symbol": "P" })).await;
    let plain = plain.ok("/nftCollectionCreate/collection");
    assert_eq!((&plain["isOpen"], &plain["maxSupply"]), (&json!(false), &Value::Null));
}

async fn only_its_creator_changes_a_collection(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let birds = alice.collection(false, None).await;
    let open = json!({ "id": birds, "isOpen": true, "description": "of everybody" });
    bob.try_update_collection(open.clone()).await.refused("nftCollectionUpdate", "FORBIDDEN", &["id"]);
    let ask = json!({ "collectionId": birds, "metadataUri": uri(1) });
    bob.try_mint(ask.clone()).await.refused("mintRequest", "FORBIDDEN", &["collectionId"]);
    let changed = alice.try_update_collection(open).await.ok("/nftCollectionUpdate/collection").clone();
    assert_eq!((&changed["isOpen"], &changed["description"]), (&json!(true), &json!("of everybody")));
    let minted = bob.ended_mint(&bob.try_mint(ask).await.text("/mintRequest/mint/id")).await;
    assert_eq!(minted["status"], "MINTED");
    let closed = alice.try_update_collection(json!({ "id": birds, "isOpen": false })).await;
    let closed = closed.ok("/nftCollectionUpdate/collection");
    let (description, count) = (&closed["description"], &closed["mintedCount"]);
    assert_eq!((&closed["isOpen"], description, count), (&json!(false), &json!("of everybody"), &json!(1)));
    let gone = alice.try_update_collection(json!({ "id": birds, "description": null })).await;
    assert_eq!(gone.ok("/nftCollectionUpdate/collection")["description"], Value::Null);
    let kept = alice.try_update_collection(json!({ "id": birds, "isOpen": null })).await;
    kept.refused("nftCollectionUpdate", "BLANK", &["isOpen"]);
}

async fn collections_are_listed_the_newest_first_both_ways(world: World) {
    let alice = world.user("alice").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, alice.collection(false, None).await);
    }
    let page = async |arguments: &str| {
        let document = format!(
            "{{ nftCollections({arguments}) {{ edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"
        );
        world.anonymous.graphql(&document, Value::Null).await.ok("/nftCollections").clone()
    };
    let ids = |page: &Value| -> Vec<String> {
        let edges = page["edges"].as_array().unwrap();
        edges.iter().map(|edge| edge["node"]["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = page("first: 2").await;
    assert_eq!((ids(&first), &first["pageInfo"]["hasNextPage"]), (made[..2].to_vec(), &json!(true)));
    let next = page(&format!("first: 9, after: {}", first["edges"][1]["cursor"])).await;
    assert_eq!(ids(&next), made[2..]);
    assert_eq!(next["pageInfo"], json!({ "hasNextPage": false, "hasPreviousPage": true }));
    let back = page(&format!("last: 2, before: {}", next["edges"][2]["cursor"])).await;
    assert_eq!(ids(&back), made[2..4]);
}

async fn a_page_of_collections_takes_as_many_statements_whatever_its_length(world: World) {
    let users = world.users(["alice", "bob", "carol", "dave"]).await;
    for user in &users {
        for _ in 0..3 {
            let birds = user.collection(false, None).await;
            user.ended_mint_batch(&user.request_mints(&birds, 3).await).await;
        }
    }
    let document = "query($first: Int!) { nftCollections(first: $first) { nodes { name createdBy { username } \
        nfts(first: 2) { nodes { tokenId owner { username nfts(first: 1) { nodes { tokenId collection { name } } } } \
        collection { symbol createdBy { username } } } pageInfo { hasNextPage } } } } }";
    let count = async |first: usize| {
        let (answer, statements) =
            crate::statements::statements_of(&world, &users[0], document, json!({ "first": first })).await;
        let collections = answer.list("/nftCollections/nodes");
        assert_eq!(collections.len(), first);
        assert!(collections.iter().all(|one| one["nfts"]["nodes"][1]["owner"]["nfts"]["nodes"][0].is_object()));
        statements.len()
    };
    let (two, twelve) = (count(2).await, count(12).await);
    assert!(two == twelve && two <= 10, "{two} statements for two, {twelve} for twelve");
}

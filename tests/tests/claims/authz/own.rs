//! What is one's own: of everything that is private to an account, one, with a canary in each of its fields.

use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::mail::PROVE;
use tests::{User, Wallet, World};

use super::canary::canary;
use super::people::{Place, place_of, texts};

const LATER: &str = "2100-01-01T00:00:00Z";

fn email(field: &str) -> String {
    format!("{}@example.org", canary("Viewer", field, "own"))
}

/// Signs up as Olive, on a device, and proves the address.
pub(super) async fn sign_up(world: &World) -> User {
    let input = json!({
        "username": "olive",
        "email": email("email"),
        "password": PASSWORD,
        "device": {
            "id": "kept by its client",
            "name": canary("Device", "name", "own"),
            "platform": canary("Device", "platform", "own"),
            "pushToken": canary("Device", "pushToken", "own"),
        },
    });
    // By hand, for a name of the client that is nobody else's.
    let document = format!(
        "mutation($input: AccountCreateInput!) {{ accountCreate(input: $input) {{ {SESSION} errors {{ code message path }} }} }}"
    );
    let asking = world.server.http().post(world.server.at("/graphql"));
    let asking = asking.header("user-agent", canary("Session", "userAgent", "own"));
    let answer = asking.json(&json!({ "query": document, "variables": { "input": input } })).send().await.unwrap();
    let answer = tests::Answer { status: answer.status().as_u16(), json: answer.json().await.unwrap() };
    let olive = world.anonymous.signed_in("accountCreate", &answer);
    let code = world.server.mail_to(&email("email"), PROVE, 1).await.code();
    olive.mutate("accountVerifyEmail", json!({ "token": code }), "").await.ok("/accountVerifyEmail");
    olive
}

/// A key of one scope.
pub(super) async fn key(owner: &User, scope: &str) -> User {
    let input = json!({ "name": canary("ApiKey", "name", "own"), "scopes": [scope], "expiresAt": LATER });
    let token = owner.mutate("apiKeyCreate", input, "token").await.text("/apiKeyCreate/token");
    owner.speaking_by(&token)
}

/// Everything that can be private, made by Olive.
pub(super) async fn place(world: &World, olive: &User) -> Place {
    let input = json!({ "email": email("pendingEmail"), "password": PASSWORD });
    olive.mutate("accountChangeEmail", input, "").await.ok("/accountChangeEmail");
    let profile = json!({
        "displayName": "Olive", "firstName": "Olive", "lastName": "Oyl", "bio": "a sailor's friend",
        "avatarUrl": "https://example.org/olive.png",
    });
    olive.update_profile(profile).await.ok("/profileUpdate");
    let entry = json!({
        "entryDate": "2026-11-21",
        "title": canary("DiaryEntry", "title", "own"),
        "content": canary("DiaryEntry", "content", "own"),
        "mood": canary("DiaryEntry", "mood", "own"),
    });
    let entry = olive.try_write_diary(entry).await.text("/diaryEntryCreate/diaryEntry/id");
    let chirp = json!({
        "message": canary("Chirp", "message", "own"),
        "clientKey": canary("Chirp", "clientKey", "own"),
    });
    let chirp = olive.try_chirp(chirp).await.text("/chirpCreate/chirp/id");
    let wallet = Wallet::number(1);
    let mut signed = wallet.signed(&olive.challenge(&wallet).await);
    signed["label"] = json!(canary("Wallet", "label", "own"));
    olive.try_connect(signed).await.ok("/walletConnect");
    world.anonymous.sign_in_with(&wallet).await;
    let minted = tokens(world, olive).await;
    let code = json!({ "maxUses": 3, "expiresAt": LATER });
    let code = olive.mutate("referralCodeCreate", code, "referralCode { id code }").await;
    let came = json!({
        "username": "rob", "email": "rob@example.org", "password": PASSWORD,
        "referralCode": code.text("/referralCodeCreate/referralCode/code"),
    });
    world.anonymous.mutate("accountCreate", came, "").await.ok("/accountCreate");
    let code = json!({ "id": code.text("/referralCodeCreate/referralCode/id") });
    olive.mutate("referralCodeDisable", code, "").await.ok("/referralCodeDisable");
    let lists = "{ viewer { sessions { nodes { id } } devices { nodes { id } } apiKeys { nodes { id } } \
        wallets { nodes { id } } referralCodes { nodes { id } } auditLog(first: 50) { nodes { id } } } }";
    let lists = olive.graphql(lists, Value::Null).await.ok("/viewer").clone();
    let ids = |list: &str| texts(&lists[list]["nodes"], "id");
    let mut place = place_of(
        "own",
        [
            ("user", vec![olive.id.clone()]),
            ("viewer", vec![olive.id.clone()]),
            ("any", vec![olive.id.clone()]),
            ("username", vec![olive.username.clone()]),
            ("address", vec![wallet.address.clone()]),
            ("chirp", vec![chirp]),
            ("diaryEntry", vec![entry]),
            ("session", ids("sessions")),
            ("device", ids("devices")),
            ("apiKey", ids("apiKeys")),
            ("wallet", ids("wallets")),
            ("referralCode", ids("referralCodes")),
            ("auditEntry", ids("auditLog")),
        ],
    );
    place.ids.extend(minted);
    place
}

/// A collection of Olive's with a token that she has asked for.
async fn tokens(world: &World, olive: &User) -> [(&'static str, Vec<String>); 4] {
    let collection = json!({
        "name": canary("NftCollection", "name", "own"),
        "description": canary("NftCollection", "description", "own"),
        "symbol": "OLIVE", "isOpen": true, "maxSupply": 1000,
    });
    let collection = olive.try_collection(collection).await.text("/nftCollectionCreate/collection/id");
    let uri = format!("ipfs://{}/1", canary("Nft", "metadataUri", "own"));
    let asked = json!({
        "collectionId": collection, "metadataUris": [uri],
        "clientKey": canary("Mint", "clientKey", "own"),
    });
    let batch = olive.try_mints(asked).await.text("/mintBatchRequest/batch/id");
    let ended = olive.ended_mint_batch(&batch).await;
    let contract =
        "UPDATE nft_collections SET chain_id = 1, contract_address = '0x0000000000000000000000000000000000000001'";
    world.database.execute(contract).await;
    let why = canary("Mint", "lastError", "own");
    world.database.execute(&format!("UPDATE minting_queue_items SET last_error = '{why}'")).await;
    let mints = &ended["mints"]["nodes"];
    let nfts: Vec<_> = mints.as_array().into_iter().flatten().map(|mint| mint["nft"].clone()).collect();
    [
        ("collection", vec![collection]),
        ("nft", texts(&json!(nfts), "id")),
        ("mint", texts(mints, "id")),
        ("mintBatch", vec![batch]),
    ]
}

/// What is nobody's but administrators': a batch of which a job was given up, and which was cancelled; and what the assistant costs.
pub(super) async fn of_administrators(world: &World, ada: &User) -> [(&'static str, Vec<String>); 2] {
    let batch = world.server.begin_batch(&[-1], None).await;
    let jobs = ada.so_many_failed_jobs(1).await;
    ada.finished_batch(&batch).await;
    // One comes to its end before anybody could cancel it.
    world.database.execute("UPDATE job_batches SET cancelled_at = finished_at").await;
    let cost = "INSERT INTO assistant_costs (day, model, answers, cached_answers, failed_attempts, input_tokens, output_tokens, \
                micro_dollars) VALUES ('2026-11-21', 'parrot-0', 1, 1, 1, 1, 1, 1)";
    world.database.execute(cost).await;
    let ids = jobs.iter().map(|job| job["id"].as_str().expect("an id").to_owned()).collect();
    [("failedJob", ids), ("jobBatch", vec![batch])]
}

//! What an export has in it: everything of one's own, and nothing of anybody else's.

use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::{Engine, Wallet, World, claims};

claims![
    an_export_has_everything_of_ones_own,
    an_export_has_nothing_that_others_wrote_and_no_secret,
    a_guest_exports_what_a_guest_has,
    long_lists_are_whole,
    what_is_left_and_deleted_is_told_as_it_is,
];

/// The one item of a list in which something stands.
#[track_caller]
fn one<'a>(export: &'a Value, list: &str, field: &str, value: impl Into<Value>) -> &'a Value {
    let (value, items) = (value.into(), export[list].as_array().unwrap_or_else(|| panic!("no {list}: {export:#}")));
    let found: Vec<_> = items.iter().filter(|item| item.pointer(field) == Some(&value)).collect();
    assert_eq!(found.len(), 1, "{list} with {field} = {value}: {items:#?}");
    found[0]
}

async fn an_export_has_everything_of_ones_own(engine: Engine) {
    let world = World::start_with(engine, &tests::wallet::settings()).await;
    let [_, bob, cec] = world.users(["alice", "bob", "cec"]).await;
    let device = json!({ "id": "an id that a client keeps", "name": "A telephone", "platform": "sewing machine",
        "pushToken": "canary-push" });
    let alice = world.anonymous.sign_in_on("alice", device).await;
    alice
        .update_profile(json!({ "displayName": "Alice A.", "firstName": "Al", "lastName": "Ice", "bio": "canary-bio",
            "avatarUrl": "https://example.org/canary.png" }))
        .await;
    let change = json!({ "email": "pending@example.org", "password": PASSWORD });
    alice.mutate("accountChangeEmail", change, "viewer { email }").await.ok("/accountChangeEmail/viewer");
    let key = alice.create_key(&["READ", "WRITE"]).await;
    let wallet = alice.connect(&Wallet::number(1)).await;
    let code = alice.mutate("referralCodeCreate", json!({ "maxUses": 3 }), "referralCode { id code }").await;
    let sign_up = json!({ "username": "dan", "email": "dan@example.org", "password": PASSWORD,
        "referralCode": code.text("/referralCodeCreate/referralCode/code") });
    world.anonymous.mutate("accountCreate", sign_up, "user { id }").await.ok("/accountCreate/user");
    alice.block(&cec).await;
    let day = alice.write_diary("2026-11-20", "canary-day", "canary-diary").await;
    let group = alice.create_group(&[&bob]).await;
    alice.try_set_title(&group, Some("canary-title")).await.ok("/threadUpdate/thread");
    alice.mute(&group, Some("2999-01-01T00:00:00Z")).await;
    let of_bob = bob.send(&group, "of bob").await;
    alice.mark_read(&group, &of_bob.cursor).await;
    let reply = alice.reply(&group, &of_bob, "canary-reply").await;
    let attachment =
        json!({ "url": "https://example.org/a.png", "type": "image/png", "name": "canary.png", "size": 3 });
    let input = json!({ "threadId": group, "content": "canary-first", "clientKey": "canary-key",
        "metadata": { "kept": ["canary-metadata", 1.5, null] }, "attachments": [attachment] });
    let sent = alice.send_with(input).await;
    alice.edit(&sent, "canary-second").await;
    alice.edit(&sent, "canary-third \"quoted\" \u{1F418}\n").await;
    alice.react(&of_bob, "🐘").await;
    let room = alice.create_room("A room").await;

    let export = alice.export(&world.server).await;
    assert_eq!(export["format"], 1);
    let profile = json!({ "displayName": "Alice A.", "firstName": "Al", "lastName": "Ice", "bio": "canary-bio",
        "avatarUrl": "https://example.org/canary.png" });
    assert_eq!(export["user"]["profile"], profile);
    assert_eq!((&export["user"]["id"], &export["user"]["kind"]), (&json!(alice.id), &json!("HUMAN")));
    assert_eq!(
        (&export["email"], &export["pendingEmail"]),
        (&json!("alice@example.org"), &json!("pending@example.org"))
    );
    assert!(export["emailVerifiedAt"].is_null() && export["exportedAt"].is_string());
    let session = one(&export, "sessions", "/id", alice.session.as_str());
    assert_eq!((&session["isCurrent"], &session["ipAddress"]), (&json!(true), &json!("127.0.0.1")));
    let device = one(&export, "devices", "/id", session["device"]["id"].clone());
    assert_eq!((&device["name"], &device["receivesPush"]), (&json!("A telephone"), &json!(true)));
    assert_eq!(export["sessions"].as_array().map(Vec::len), Some(2));
    assert_eq!(one(&export, "apiKeys", "/id", key.id.as_str())["scopes"], json!(["READ", "WRITE"]));
    let wallet = one(&export, "wallets", "/id", wallet);
    assert!(wallet["address"].as_str().unwrap().starts_with("0x") && wallet["isPrimary"] == true);
    let code = one(&export, "referralCodes", "/id", code.text("/referralCodeCreate/referralCode/id"));
    assert_eq!((&code["useCount"], &code["maxUses"]), (&json!(1), &json!(3)));
    assert_eq!(code["referrals"][0]["user"]["username"], "dan");
    assert_eq!(one(&export, "blockedUsers", "/node/id", cec.id.as_str())["node"]["username"], "cec");
    let day = one(&export, "diaryEntries", "/id", day);
    assert_eq!(
        (&day["title"], &day["content"], &day["entryDate"]),
        (&json!("canary-day"), &json!("canary-diary"), &json!("2026-11-20"))
    );
    let thread = one(&export, "threads", "/id", group.as_str());
    assert_eq!((&thread["title"], &thread["kind"]), (&json!("canary-title"), &json!("GROUP")));
    let state = alice
        .graphql(
            "query($id: ID!) { thread(id: $id) { viewerState { role lastReadAt lastReadCursor mutedUntil } } }",
            json!({ "id": group }),
        )
        .await;
    for field in ["role", "lastReadAt", "lastReadCursor", "mutedUntil"] {
        assert_eq!(&thread["viewerState"][field], state.ok(&format!("/thread/viewerState/{field}")), "{field}");
    }
    assert!(thread["viewerState"]["joinedAt"].is_string());
    assert_eq!(one(&export, "threads", "/id", room)["viewerState"]["role"], "ADMIN");
    let written = one(&export, "messages", "/id", sent.id.as_str());
    assert_eq!(written["content"], "canary-third \"quoted\" \u{1F418}\n");
    let before: Vec<_> = written["revisions"].as_array().unwrap().iter().map(|one| &one["content"]).collect();
    assert_eq!(before, ["canary-first", "canary-second"]);
    assert_eq!(written["metadata"], json!({ "kept": ["canary-metadata", 1.5, null] }));
    assert_eq!((&written["clientKey"], &written["version"]), (&json!("canary-key"), &json!(3)));
    assert_eq!(
        (&written["attachments"][0]["name"], &written["attachments"][0]["type"]),
        (&json!("canary.png"), &json!("image/png"))
    );
    let answer = one(&export, "messages", "/id", reply.id.as_str());
    assert_eq!((&answer["parent"]["id"], &answer["thread"]["id"]), (&json!(of_bob.id), &json!(group)));
    assert_eq!(answer["revisions"], json!([]));
    assert_eq!(one(&export, "reactions", "/message/id", of_bob.id.as_str())["emoji"], "🐘");
    let told: Vec<_> =
        export["auditLog"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(told, alice.audited().await, "itself among them");
    assert_eq!(told[0], "ACCOUNT_EXPORT");
    // Times are spelled as the API spells them.
    let created = alice.graphql("{ viewer { user { createdAt } } }", Value::Null).await;
    assert_eq!(&export["user"]["createdAt"], created.ok("/viewer/user/createdAt"));
}

async fn an_export_has_nothing_that_others_wrote_and_no_secret(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    bob.update_profile(json!({ "bio": "canary-bio-of-bob", "firstName": "canary-first-name" })).await;
    bob.write_diary("2026-11-20", "canary-day", "canary-diary").await;
    let direct = world.direct(&alice, &bob).await;
    let room = world.room_of(&bob, &[&alice]).await;
    let mut sent = Vec::new();
    for thread in [&direct, &room] {
        let input = json!({ "threadId": thread, "content": "canary-of-bob", "clientKey": "canary-client-key",
            "metadata": { "canary-metadata": 1 },
            "attachments": [{ "url": "https://example.org/canary.png", "type": "image/png", "name": "a.png", "size": 3 }] });
        sent.push(bob.send_with(input).await);
    }
    for message in &sent {
        bob.edit(message, "canary-again-of-bob").await;
        bob.react(message, "🦜").await;
        alice.react(message, "🐘").await;
    }
    alice.reply(&direct, &sent[0], "an answer").await;
    bob.block(&alice).await;
    let secret = "a name that only its owner knows";
    let device = json!({ "id": secret, "name": "A telephone", "pushToken": "canary-push-token" });
    let alice = world.anonymous.sign_in_on("alice", device).await;
    let key = alice.create_key(&["READ"]).await.user.token;
    let path = alice.export_path().await;
    let text = tests::export::fetch(&world.server, &path).await.text().await.unwrap();
    let hash = world.password_hash("alice").await;
    let token = path.rsplit('/').next().unwrap();
    for canary in [
        "canary",
        "bob@example.org",
        &bob.session,
        "🦜",
        secret,
        PASSWORD,
        &hash,
        "argon2",
        token,
        &alice.token,
        &alice.refresh_token,
        &key,
        "sendHash",
        "passwordHash",
    ] {
        assert!(!text.contains(canary), "{canary} is in {text}");
    }
    // Nothing but whom somebody has blocked tells who they are: bob has blocked, and that is his.
    assert!(!text.contains(&bob.id) && !text.contains("\"bob\""), "{text}");
    assert!(text.contains(&sent[0].id), "what was answered is named by its id");
}

async fn a_guest_exports_what_a_guest_has(world: World) {
    let bob = world.user("bob").await;
    let guest = world.guest("visitor").await;
    let room = world.room_of(&bob, &[&guest]).await;
    guest.send(&room, "of a guest").await;
    let export = guest.export(&world.server).await;
    assert_eq!((&export["user"]["kind"], &export["email"]), (&json!("GUEST"), &Value::Null));
    assert_eq!(one(&export, "messages", "/content", "of a guest")["thread"]["id"], room.as_str());
    for empty in ["devices", "apiKeys", "wallets", "referralCodes", "blockedUsers", "diaryEntries", "reactions"] {
        assert_eq!(export[empty], json!([]), "{empty}");
    }
}

async fn long_lists_are_whole(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&bob, &[&alice]).await;
    let sent = alice.send_many(&room, 250).await;
    for version in 2..=50 {
        alice.edit(&sent[7], &format!("version {version}")).await;
    }
    let mut reacted = Vec::new();
    for message in &sent[..120] {
        alice.react(message, "🐘").await;
        reacted.push(message.id.clone());
    }
    alice.react(&sent[0], "👍").await;
    let mut days = Vec::new();
    for day in 1..=28 {
        days.push(alice.write_diary(&format!("2026-02-{day:02}"), "A day", "Rain").await);
        days.push(alice.write_diary(&format!("2026-02-{day:02}"), "The same day", "Rain").await);
    }
    for number in 0..110 {
        alice.create_room(&format!("room {number}")).await;
    }
    let export = alice.export(&world.server).await;
    let ids = |list: &str, field: &str| -> Vec<String> {
        let items = export[list].as_array().unwrap().iter();
        items.map(|item| item.pointer(field).unwrap().as_str().unwrap().to_owned()).collect()
    };
    let written = ids("messages", "/id");
    assert_eq!(written, sent.iter().map(|one| one.id.clone()).collect::<Vec<_>>(), "each once, in order");
    let versions = export["messages"][7]["revisions"].as_array().unwrap().iter();
    assert_eq!(versions.map(|one| one["version"].as_i64().unwrap()).collect::<Vec<_>>(), (1..50).collect::<Vec<_>>());
    let mut found = ids("reactions", "/message/id");
    assert_eq!(found.len(), 121);
    found.sort();
    found.dedup();
    reacted.sort();
    assert_eq!(found, reacted);
    let mut found = ids("diaryEntries", "/id");
    found.sort();
    days.sort();
    assert_eq!(found, days);
    let mut found = ids("threads", "/id");
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 111);
}

async fn what_is_left_and_deleted_is_told_as_it_is(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = bob.create_group(&[&alice]).await;
    let room = bob.create_room("A room").await;
    alice.join(&room).await;
    let stays = alice.send(&group, "what I said there is mine").await;
    alice.edit(&stays, "what I say there is mine").await;
    let gone = alice.send(&room, "canary-deleted").await;
    alice.edit(&gone, "canary-deleted, too").await;
    alice.react(&gone, "🐘").await;
    alice.delete(&gone).await;
    bob.try_set_title(&group, Some("canary-title")).await.ok("/threadUpdate/thread");
    bob.remove(&group, &alice).await;
    bob.send(&group, "canary-behind the back").await;
    let export = alice.export(&world.server).await;
    assert!(!export.to_string().contains("canary"), "{export:#}");
    let threads: Vec<_> = export["threads"].as_array().unwrap().iter().map(|thread| &thread["id"]).collect();
    assert_eq!(threads, [room.as_str()], "those that one is in");
    let mine = one(&export, "messages", "/id", stays.id.as_str());
    assert_eq!(
        (&mine["content"], &mine["revisions"][0]["content"]),
        (&json!("what I say there is mine"), &json!("what I said there is mine"))
    );
    let tombstone = one(&export, "messages", "/id", gone.id.as_str());
    assert!(
        tombstone["content"].is_null() && tombstone["deletedAt"].is_string() && tombstone["revisions"] == json!([])
    );
}

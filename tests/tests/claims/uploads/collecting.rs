//! What no message carries is taken away, and nothing else is.

use std::time::Duration;

use serde_json::json;
use tests::account::PASSWORD;
use tests::job::{insert, until};
use tests::upload::png;
use tests::{Engine, World, claims, eventually};

claims![
    what_no_message_carries_is_taken_away_after_a_day,
    what_a_message_carried_goes_with_it,
    what_is_too_old_for_its_thread_goes_with_its_files,
    an_account_that_is_deleted_takes_what_it_did_not_send_along,
    who_is_killed_over_it_has_it_done_later,
    where_much_is_to_go_others_come_first,
    an_export_lists_what_was_put_here,
    doctor_looks_whether_files_can_be_kept,
];

const DAY: u64 = 24 * 3600;

/// How many uploads the database knows.
async fn rows(world: &World) -> i64 {
    world.database.number("SELECT COUNT(*) FROM uploads").await
}

/// Waits until the clean-up has done what there is for it, and so many uploads are left.
async fn until_left(world: &World, count: i64) {
    until(&world.database, 0, "kind = 'remove_expired'").await;
    world.server.remove_expired().await;
    until(&world.database, 0, "kind = 'remove_expired'").await;
    assert_eq!(rows(world).await, count);
}

async fn what_no_message_carries_is_taken_away_after_a_day(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let never = alice.begin_upload("a.png", "image/png", png().len()).await;
    let left = alice.upload(&world.server, "b.png", "image/png", &png()).await;
    let used = alice.upload(&world.server, "c.png", "image/png", &png()).await;
    let sent = alice.send_files(&room, &[&used]).await;
    world.server.advance_clock(Duration::from_secs(DAY - 600)).await;
    let alice = world.anonymous.sign_in("alice").await;
    let late = alice.upload(&world.server, "d.png", "image/png", &png()).await;
    until_left(&world, 4).await;
    assert_eq!(world.server.kept().len(), 6);
    world.server.advance_clock(Duration::from_secs(1200)).await;
    let alice = world.anonymous.sign_in("alice").await;
    until_left(&world, 2).await;
    assert_eq!(world.server.kept().len(), 4, "a file and its thumbnail each: {:?}", world.server.kept());
    let refused = alice.try_send_files(&room, &[&left]).await;
    refused.refused("messageSend", "NOT_FOUND", &["attachments", "0", "uploadId"]);
    assert_eq!(world.server.put(&never.url, png()).await.status(), 403);
    alice.send_files(&room, &[&late]).await;
    world.server.advance_clock(Duration::from_secs(40 * DAY)).await;
    let alice = world.anonymous.sign_in("alice").await;
    until_left(&world, 2).await;
    let attachment = alice.attachments(&sent.id).await.remove(0);
    assert_eq!(world.server.fetch(&attachment["url"], &[]).await.status(), 200, "what is carried stays");
}

async fn what_a_message_carried_goes_with_it(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let uploads = [
        alice.upload(&world.server, "a.png", "image/png", &png()).await,
        alice.upload(&world.server, "b.png", "image/png", &png()).await,
    ];
    let gone = alice.send_files(&thread, &[&uploads[0]]).await;
    let stays = alice.send_files(&thread, &[&uploads[1]]).await;
    let address = bob.attachments(&gone.id).await.remove(0);
    alice.delete(&gone).await;
    for field in ["url", "thumbnailUrl"] {
        assert_eq!(world.server.fetch(&address[field], &[]).await.status(), 404, "at once");
    }
    eventually("the file to be gone", async || (world.server.kept().len() == 2).then_some(())).await;
    let address = bob.attachments(&stays.id).await.remove(0);
    assert_eq!(world.server.fetch(&address["url"], &[]).await.status(), 200);
    let refused = alice.try_send_files(&thread, &[&uploads[0]]).await;
    refused.refused("messageSend", "EXPIRED", &["attachments", "0", "uploadId"]);
    // Its row goes once nobody can still be putting it here.
    world.server.advance_clock(Duration::from_secs(3 * 3600)).await;
    until_left(&world, 1).await;
}

async fn what_is_too_old_for_its_thread_goes_with_its_files(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let keeps = json!({ "id": room, "retentionDays": 1 });
    alice.mutate("threadUpdate", keeps, "thread { id }").await.ok("/threadUpdate/thread");
    let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
    let sent = alice.send_files(&room, &[&upload]).await;
    world.server.advance_clock(Duration::from_secs(2 * DAY)).await;
    world.server.look_for_recurring_work().await;
    eventually("the file to be gone", async || world.server.kept().is_empty().then_some(())).await;
    eventually("its row, too", async || (rows(&world).await == 0).then_some(())).await;
    let alice = world.anonymous.sign_in("alice").await;
    assert_eq!(alice.message(&sent.id, "content").await["content"], serde_json::Value::Null);
}

async fn an_account_that_is_deleted_takes_what_it_did_not_send_along(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let sent = bob.upload(&world.server, "a.png", "image/png", &png()).await;
    let sent = bob.send_files(&room, &[&sent]).await;
    bob.upload(&world.server, "b.png", "image/png", &png()).await;
    let given = bob.begin_upload("c.png", "image/png", png().len()).await;
    bob.mutate("accountDelete", json!({ "password": PASSWORD }), "deletedId").await.ok("/accountDelete/deletedId");
    let gone = "SELECT COUNT(*) FROM users WHERE deleted_at IS NOT NULL";
    eventually("the account to be gone", async || (world.database.number(gone).await == 0).then_some(())).await;
    eventually("files to be gone", async || (world.server.kept().len() == 2).then_some(())).await;
    assert_eq!(world.server.put(&given.url, png()).await.status(), 404);
    assert_eq!(world.server.kept().len(), 2);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM uploads WHERE user_id IS NOT NULL").await, 0);
    // What others have read stays.
    let attachment = alice.attachments(&sent.id).await.remove(0);
    assert_eq!(world.server.fetch(&attachment["url"], &[]).await.status(), 200);
}

async fn who_is_killed_over_it_has_it_done_later(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let mut sent = Vec::new();
    for _ in 0..20 {
        let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
        sent.push(alice.send_files(&room, &[&upload]).await);
    }
    // Marked, and nothing more: as a node leaves it that dies then. And its files gone, but not its row.
    world.database.execute("UPDATE uploads SET removed_at = created_at, collect_at = created_at").await;
    let first = world.server.kept().remove(0);
    std::fs::remove_dir_all(first.parent().unwrap()).unwrap();
    world.database.execute("DELETE FROM message_attachments").await;
    world.server.kill9();
    world.server.launch();
    world.server.ready().await;
    world.server.advance_clock(Duration::from_secs(3 * 3600)).await;
    until_left(&world, 0).await;
    assert!(world.server.kept().is_empty());
}

async fn where_much_is_to_go_others_come_first(world: World) {
    let alice = world.user("alice").await;
    alice.begin_upload("a.png", "image/png", png().len()).await;
    // As many as somebody may have left behind over the years.
    let id = match world.database.engine() {
        Engine::Sqlite => "randomblob(16)",
        Engine::Postgres => "gen_random_uuid()",
    };
    let columns = world.database.columns().await;
    let columns: Vec<_> = columns.iter().filter(|(table, _)| table == "uploads").map(|(_, column)| column).collect();
    let values: Vec<_> = columns.iter().map(|column| if *column == "id" { id } else { column.as_str() }).collect();
    let [columns, values] =
        [columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(", "), values.join(", ")];
    for _ in 0..6 {
        world.database.execute(&format!("INSERT INTO uploads ({columns}) SELECT {values} FROM uploads")).await;
    }
    assert_eq!(rows(&world).await, 64);
    let gone = async || {
        let left = "SELECT COUNT(*) FROM jobs";
        (rows(&world).await + world.database.number(left).await == 0).then_some(())
    };
    world.server.advance_clock(Duration::from_secs(2 * DAY)).await;
    insert(&world.database, "collect_uploads", "{}").await;
    let turns = world.server.turns("collect_uploads", "all uploads to be gone", gone).await;
    assert!(turns > 1.5, "it was done in {turns} turns");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM failed_jobs").await, 0);
}

async fn an_export_lists_what_was_put_here(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let waiting = alice.upload(&world.server, "waiting.png", "image/png", &png()).await;
    bob.upload(&world.server, "canary-of-bob.png", "image/png", &png()).await;
    let used = alice.upload(&world.server, "used.png", "image/png", &png()).await;
    alice.send_files(&room, &[&used]).await;
    let export = alice.export(&world.server).await;
    let uploads = export["uploads"].as_array().unwrap();
    assert_eq!(uploads.len(), 1);
    assert_eq!((&uploads[0]["id"], &uploads[0]["name"]), (&json!(waiting), &json!("waiting.png")));
    assert!(!export.to_string().contains("canary-of-bob"));
    let attachment = &export["messages"][0]["attachments"][0];
    assert_eq!((&attachment["name"], &attachment["width"]), (&json!("used.png"), &json!(8)));
    assert_eq!(world.server.fetch(&attachment["url"], &[]).await.bytes().await.unwrap(), png());
}

async fn doctor_looks_whether_files_can_be_kept(engine: Engine) {
    let world = World::start(engine).await;
    let told = async |settings: &[(&str, &str)]| {
        let mut command = world.server.command(&["doctor"]);
        command.envs(settings.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (well, says) = told(&[]).await;
    assert!(well && says.contains("ok       storage: Files are kept in the directory "), "{says}");
    assert!(!world.server.data().join("uploads").exists(), "it leaves nothing behind");
    // Where a file is, no directory is made.
    let file = world.server.data().join("a file");
    std::fs::write(&file, "in the way").unwrap();
    let (well, says) = told(&[("LINNET_UPLOADS_URL", file.to_str().unwrap())]).await;
    assert!(!well && says.contains("PROBLEM  storage: Files can't be kept in the directory "), "{says}");
    let nowhere = [
        ("LINNET_UPLOADS_URL", "s3://files"),
        ("LINNET_UPLOADS_S3_ENDPOINT", "http://127.0.0.1:9"),
        ("LINNET_UPLOADS_S3_KEY_ID", "an id"),
        ("LINNET_UPLOADS_S3_SECRET", "a canary"),
    ];
    let (well, says) = told(&nowhere).await;
    assert!(!well && says.contains("PROBLEM  storage: Files can't be kept in the bucket `files` at http"), "{says}");
    assert!(!says.contains("canary"), "{says}");
}

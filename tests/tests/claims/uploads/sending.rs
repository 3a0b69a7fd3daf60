//! Messages that carry what was put here.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::upload::png;
use tests::{World, claims};

claims![
    a_message_carries_what_was_put_here_and_what_is_elsewhere,
    an_attachment_is_one_or_the_other,
    nobody_sends_what_somebody_else_put_here,
    an_upload_goes_with_one_message,
    of_many_who_send_it_at_once_one_does,
    a_message_that_is_edited_carries_what_it_did,
    what_goes_to_the_archive_is_still_there,
];

async fn a_message_carries_what_was_put_here_and_what_is_elsewhere(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let upload = alice.upload(&world.server, "a.png", "application/octet-stream", &png()).await;
    let elsewhere = json!({ "url": "https://example.org/b.png", "type": "image/png", "name": "b.png", "size": 3 });
    let attachments = json!([elsewhere, { "uploadId": upload, "metadata": { "alt": "a square" } }, elsewhere]);
    let sent = alice.send_with(json!({ "threadId": thread, "content": "three", "attachments": attachments })).await;
    let seen = bob.attachments(&sent.id).await;
    let names: Vec<_> = seen.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["b.png", "a.png", "b.png"]);
    let here = &seen[1];
    assert_eq!((&here["type"], &here["size"]), (&"image/png".into(), &png().len().into()), "as its content says");
    assert_eq!(
        (&here["width"], &here["height"], &here["metadata"]),
        (&8.into(), &6.into(), &json!({ "alt": "a square" }))
    );
    assert!(here["url"].as_str().unwrap().starts_with("/files/upl_"), "{here}");
    for nothing in ["width", "height", "thumbnailUrl"] {
        assert!(seen[0][nothing].is_null(), "{nothing}");
    }
}

async fn an_attachment_is_one_or_the_other(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
    let send = async |attachment: Value| {
        alice.try_send_with(json!({ "threadId": room, "content": "a", "attachments": [attachment] })).await
    };
    let whole = json!({ "url": "https://example.org/b.png", "type": "image/png", "name": "b.png", "size": 3 });
    for field in ["url", "type", "name", "size"] {
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(field);
        send(without).await.refused("messageSend", "INVALID", &["attachments", "0", field]);
        let both = json!({ "uploadId": upload, field: whole[field] });
        send(both).await.refused("messageSend", "INVALID", &["attachments", "0", field]);
    }
    let errors = send(json!({})).await.user_errors("messageSend");
    let paths: Vec<_> = errors.iter().map(|error| error.path.join(".")).collect();
    assert_eq!(paths, ["attachments.0.url", "attachments.0.type", "attachments.0.name", "attachments.0.size"]);
    for id in ["", "upl_", "msg_01h455vb4pex5vsknk084sn02q", "../../etc/passwd"] {
        send(json!({ "uploadId": id })).await.refused("messageSend", "INVALID", &["attachments", "0", "uploadId"]);
    }
    send(whole).await.ok("/messageSend/message");
    send(json!({ "uploadId": upload })).await.ok("/messageSend/message");
}

async fn nobody_sends_what_somebody_else_put_here(world: World) {
    let [alice, mallory] = world.users(["alice", "mallory"]).await;
    let room = world.room_of(&alice, &[&mallory]).await;
    let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
    let guest = world.guest("wren").await;
    guest.join(&room).await;
    let absent = tests::id::absent(&upload);
    let message = |answer: tests::Answer| answer.user_errors("messageSend")[0].message.clone();
    let mut told = Vec::new();
    for user in [&mallory, &guest] {
        for id in [&upload, &absent] {
            let answer = user.try_send_files(&room, &[id]).await;
            answer.refused("messageSend", "NOT_FOUND", &["attachments", "0", "uploadId"]);
            told.push(message(answer));
        }
    }
    assert!(told.iter().all(|one| *one == told[0]), "in the same words: {told:?}");
    alice.send_files(&room, &[&upload]).await;
    let answer = mallory.try_send_files(&room, &[&upload]).await;
    answer.refused("messageSend", "NOT_FOUND", &["attachments", "0", "uploadId"]);
}

async fn an_upload_goes_with_one_message(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
    alice.try_send_files(&room, &[&upload, &upload]).await.refused("messageSend", "INVALID", &["attachments"]);
    alice.send_files(&room, &[&upload]).await;
    let again = alice.try_send_files(&room, &[&upload]).await;
    again.refused("messageSend", "CONFLICT", &["attachments", "0", "uploadId"]);
    // What was refused has taken nothing.
    let [one, other] = [
        alice.upload(&world.server, "a.png", "image/png", &png()).await,
        alice.upload(&world.server, "b.png", "image/png", &png()).await,
    ];
    let refused = alice.try_send_files(&room, &[&one, &upload]).await;
    refused.refused("messageSend", "CONFLICT", &["attachments", "1", "uploadId"]);
    let sent = alice.send_files(&room, &[&one, &other]).await;
    assert_eq!(alice.attachments(&sent.id).await.len(), 2);
}

async fn of_many_who_send_it_at_once_one_does(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let threads = [world.direct(&alice, &bob).await, world.room(&alice).await, world.room(&alice).await];
    for _ in 0..5 {
        let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
        let sends = threads.iter().cycle().take(9).map(|thread| {
            let (alice, upload) = (&alice, upload.as_str());
            async move { alice.try_send_files(thread, &[upload]).await }
        });
        let answers = join_all(sends).await;
        let sent = answers.iter().filter(|answer| answer.user_errors("messageSend").is_empty()).count();
        assert_eq!(sent, 1);
    }
    let rows = world.database.number("SELECT COUNT(*) FROM message_attachments").await;
    assert_eq!(rows, 5);
}

async fn a_message_that_is_edited_carries_what_it_did(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
    let sent = alice.send_files(&room, &[&upload]).await;
    alice.edit(&sent, "another text").await;
    let attachment = alice.attachments(&sent.id).await.remove(0);
    assert_eq!(world.server.fetch(&attachment["url"], &[]).await.status(), 200);
}

async fn what_goes_to_the_archive_is_still_there(engine: tests::Engine) {
    let world = World::start_with(engine, &[("LINNET_ARCHIVE_UNTOUCHED_DAYS", "1")]).await;
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
    let sent = alice.send_files(&room, &[&upload]).await;
    let before = alice.attachments(&sent.id).await.remove(0);
    let moved = world.command(&["archive", "--days", "0"]).await;
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    assert_eq!(world.database.number("SELECT COUNT(*) FROM archived_attachments").await, 1);
    let after = alice.attachments(&sent.id).await.remove(0);
    for field in ["id", "name", "type", "size", "width", "height"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    assert_eq!(world.server.fetch(&after["thumbnailUrl"], &[]).await.status(), 200);
    // And goes with its message from there.
    alice.delete(&sent).await;
    assert_eq!(world.server.fetch(&after["url"], &[]).await.status(), 404);
    tests::eventually("the file to be gone", async || world.server.kept().is_empty().then_some(())).await;
}

//! Files in a bucket of a service that speaks S3, which all nodes share.

use tests::upload::png;
use tests::{Client, Database, Engine, S3, Server, World, claims, eventually, postgres_claims};

mod one {
    use super::*;

    claims![files_are_kept_in_a_bucket];

    async fn files_are_kept_in_a_bucket(engine: Engine) {
        let s3 = S3::start().await;
        let settings = s3.settings();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let world = World::start_with(engine, &settings).await;
        let alice = world.user("alice").await;
        let room = world.room(&alice).await;
        // One that goes there in parts, and one that doesn't.
        let large = [png(), vec![7; 12_000_000]].concat();
        for bytes in [png(), large] {
            let upload = alice.upload(&world.server, "a.png", "image/png", &bytes).await;
            let keys = s3.keys().await;
            assert!(keys.contains(&format!("of/linnet/{upload}/file")), "{keys:?}");
            assert!(keys.contains(&format!("of/linnet/{upload}/thumbnail")), "{keys:?}");
            let sent = alice.send_files(&room, &[&upload]).await;
            let attachment = alice.attachments(&sent.id).await.remove(0);
            let fetched = world.server.fetch(&attachment["url"], &[]).await.bytes().await.unwrap();
            assert!(fetched == bytes, "{} bytes are others", bytes.len());
            let part = world.server.fetch(&attachment["url"], &[("range", "bytes=1-3")]).await;
            assert_eq!(part.bytes().await.unwrap(), "PNG");
            assert_eq!(world.server.fetch(&attachment["thumbnailUrl"], &[]).await.status(), 200);
            alice.delete(&sent).await;
            eventually("the bucket to be empty", async || s3.keys().await.is_empty().then_some(())).await;
        }
        assert!(world.server.kept().is_empty(), "nothing is kept here");
        let told = world.command(&["doctor"]).await;
        let says = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(
            told.status.success() && says.contains("ok       storage: Files are kept in the bucket `files`"),
            "{says}"
        );
        // While it is away nothing is promised.
        drop(s3);
        let given = alice.begin_upload("a.png", "image/png", png().len()).await;
        assert_eq!(world.server.put(&given.url, png()).await.status(), 503);
        let refused = alice.try_send_files(&room, &[&given.id]).await;
        refused.refused("messageSend", "INVALID", &["attachments", "0", "uploadId"]);
    }
}

mod several {
    use super::*;

    postgres_claims![what_one_node_takes_in_another_one_serves];

    async fn what_one_node_takes_in_another_one_serves(engine: Engine) {
        let s3 = S3::start().await;
        let settings = s3.settings();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let database = Database::create(engine).await;
        let here = Server::start(&database, &settings).await;
        let there = Server::start(&database, &settings).await;
        let alice = Client::anonymous(&here).sign_up("alice").await;
        let room = alice.create_room("A room").await;
        // Any node takes what another one has given an address for.
        let given = alice.begin_upload("a.png", "image/png", png().len()).await;
        assert_eq!(there.put(&given.url, png()).await.status(), 200);
        let sent = Client::anonymous(&there).as_user(&alice).send_files(&room, &[&given.id]).await;
        let attachment = alice.attachments(&sent.id).await.remove(0);
        for node in [&here, &there] {
            assert_eq!(node.fetch(&attachment["url"], &[]).await.bytes().await.unwrap(), png());
        }
    }
}

//! Fetching what messages carry.

use std::time::Duration;

use image::ImageFormat;
use serde_json::{Value, json};
use tests::upload::{ATTACHMENT, picture, png};
use tests::{World, claims};

claims![
    what_was_put_here_is_fetched_as_it_was,
    an_address_is_for_whoever_reads_the_message,
    an_address_stays_for_an_hour_and_runs_out,
    an_address_that_was_not_given_leads_nowhere,
    parts_of_a_sound_are_fetched,
    what_a_browser_has_is_not_sent_again,
    pictures_of_each_kind_have_a_thumbnail,
    a_name_is_what_it_is_saved_as,
];

async fn what_was_put_here_is_fetched_as_it_was(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(|number| number.to_le_bytes()).collect();
    for (name, bytes) in [("large.bin", &bytes[..]), ("one.bin", &bytes[..1])] {
        let upload = alice.upload(&world.server, name, "application/octet-stream", bytes).await;
        let sent = alice.send_files(&thread, &[&upload]).await;
        let attachment = bob.attachments(&sent.id).await.remove(0);
        assert_eq!(attachment["size"], bytes.len());
        let fetched = world.server.fetch(&attachment["url"], &[]).await;
        assert_eq!(fetched.status(), 200);
        assert_eq!(fetched.content_length(), Some(bytes.len() as u64));
        assert!(fetched.bytes().await.unwrap() == bytes, "{name} is another");
    }
}

async fn an_address_is_for_whoever_reads_the_message(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
    let sent = alice.send_files(&group, &[&upload]).await;
    let attachment = bob.attachments(&sent.id).await.remove(0);
    assert_eq!(attachment, alice.attachments(&sent.id).await[0]);
    let document = format!("query($id: ID!) {{ node(id: $id) {{ ... on Attachment {{ {ATTACHMENT} }} }} }}");
    let ask = json!({ "id": attachment["id"] });
    assert_eq!(mallory.graphql(&document, ask.clone()).await.ok("/node"), &Value::Null);
    assert_eq!(mallory.message(&sent.id, "id").await, Value::Null);
    alice.remove(&group, &bob).await;
    assert_eq!(bob.graphql(&document, ask).await.ok("/node"), &Value::Null);
    // Nor does the upload itself lead anywhere, to anybody.
    for user in [&alice, &bob, &mallory] {
        let node = user.graphql("query($id: ID!) { node(id: $id) { id } }", json!({ "id": upload })).await;
        node.failed("INVALID");
    }
}

async fn an_address_stays_for_an_hour_and_runs_out(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let upload = alice.upload(&world.server, "a.png", "image/png", &png()).await;
    let sent = alice.send_files(&room, &[&upload]).await;
    let first = alice.attachments(&sent.id).await.remove(0);
    let again = alice.attachments(&sent.id).await.remove(0);
    assert!(first == again || first["url"] != again["url"], "but for the turn of an hour");
    let fetched = world.server.fetch(&again["url"], &[]).await;
    let caching = fetched.headers()["cache-control"].to_str().unwrap();
    let seconds: u64 = caching.strip_prefix("private, max-age=").unwrap().split(',').next().unwrap().parse().unwrap();
    assert!((3_500..=7_200).contains(&seconds), "{caching}");
    world.server.advance_clock(Duration::from_secs(59 * 60)).await;
    assert_eq!(world.server.fetch(&again["url"], &[]).await.status(), 200);
    world.server.advance_clock(Duration::from_secs(61 * 60)).await;
    for field in ["url", "thumbnailUrl"] {
        assert_eq!(world.server.fetch(&again[field], &[]).await.status(), 404);
    }
    let alice = world.anonymous.sign_in("alice").await;
    let fresh = alice.attachments(&sent.id).await.remove(0);
    assert_ne!(fresh["url"], again["url"]);
    assert_eq!(world.server.fetch(&fresh["url"], &[]).await.status(), 200);
}

async fn an_address_that_was_not_given_leads_nowhere(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let attachment = alice.share(&world.server, &room, ("a.png", "image/png"), &png()).await;
    let other = alice.share(&world.server, &room, ("b.png", "image/png"), &png()).await;
    let (url, thumbnail) = (attachment["url"].as_str().unwrap(), attachment["thumbnailUrl"].as_str().unwrap());
    let path = |url: &str| url.split_once('?').unwrap().0.to_owned();
    let query = |url: &str| url.split_once('?').unwrap().1.to_owned();
    for forged in [
        path(url),
        format!("{}?{}", path(url), query(thumbnail)),
        format!("{}?{}", path(thumbnail), query(url)),
        format!("{}?{}", path(other["url"].as_str().unwrap()), query(url)),
        url.replace("expires=", "expires=9"),
        url.replace("signature=", "signature=x"),
        url.replace("/files/upl_", "/files/att_"),
        format!("/files/..%2f..%2flinnet.db?{}", query(url)),
    ] {
        let answer = world.server.fetch(&json!(forged), &[]).await;
        assert_eq!(answer.status(), 404, "{forged}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    // What no message carries is not shown to whoever put it here either.
    let given = alice.begin_upload("a.png", "image/png", png().len()).await;
    world.server.put(&given.url, png()).await;
    let read = given.url.replace("/uploads/", "/files/");
    assert_eq!(world.server.fetch(&json!(read), &[]).await.status(), 404);
}

async fn parts_of_a_sound_are_fetched(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let bytes = [&b"ID3\x04\0\0"[..], &(0..=249).collect::<Vec<u8>>()].concat();
    let attachment = alice.share(&world.server, &room, ("a.mp3", "audio/mp3"), &bytes).await;
    assert_eq!(attachment["type"], "audio/mpeg");
    let all = world.server.fetch(&attachment["url"], &[]).await;
    assert_eq!(all.headers()["accept-ranges"], "bytes");
    assert!(all.headers()["content-disposition"].to_str().unwrap().starts_with("inline"));
    let tag = all.headers()["etag"].to_str().unwrap().to_owned();
    for (range, part) in
        [("bytes=0-0", 0..1), ("bytes=10-19", 10..20), ("bytes=250-", 250..256), ("bytes=-6", 250..256)]
    {
        let fetched = world.server.fetch(&attachment["url"], &[("range", range), ("if-range", &tag)]).await;
        assert_eq!(fetched.status(), 206, "{range}");
        let expected = format!("bytes {}-{}/256", part.start, part.end - 1);
        assert_eq!(fetched.headers()["content-range"], expected.as_str());
        assert_eq!(fetched.bytes().await.unwrap(), bytes[part]);
    }
    let beyond = world.server.fetch(&attachment["url"], &[("range", "bytes=256-")]).await;
    assert_eq!((beyond.status().as_u16(), &beyond.headers()["content-range"]), (416, &"bytes */256".parse().unwrap()));
    for headers in [&[("range", "bytes=0-1,3-4")][..], &[("range", "bytes=0-1"), ("if-range", "\"another\"")]] {
        let whole = world.server.fetch(&attachment["url"], headers).await;
        assert_eq!(whole.status(), 200);
        assert_eq!(whole.bytes().await.unwrap(), bytes);
    }
    let head = world.server.http().head(world.server.at(attachment["url"].as_str().unwrap())).send().await.unwrap();
    assert_eq!((head.status().as_u16(), &head.headers()["content-length"]), (200, &"256".parse().unwrap()));
    assert_eq!(head.headers()["content-type"], "audio/mpeg");
}

async fn what_a_browser_has_is_not_sent_again(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let attachment = alice.share(&world.server, &room, ("a.png", "image/png"), &png()).await;
    for field in ["url", "thumbnailUrl"] {
        let fetched = world.server.fetch(&attachment[field], &[("accept-encoding", "gzip")]).await;
        assert!(fetched.headers().get("content-encoding").is_none());
        let tag = fetched.headers()["etag"].to_str().unwrap().to_owned();
        for given in [tag.clone(), format!("W/{tag}, \"x\""), "*".into()] {
            let again = world.server.fetch(&attachment[field], &[("if-none-match", &given)]).await;
            assert_eq!(again.status(), 304, "{given}");
            assert_eq!(again.headers()["etag"], tag.as_str());
            assert!(again.bytes().await.unwrap().is_empty());
        }
        assert_eq!(world.server.fetch(&attachment[field], &[("if-none-match", "\"another\"")]).await.status(), 200);
    }
}

async fn pictures_of_each_kind_have_a_thumbnail(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    for (format, media_type) in [
        (ImageFormat::Png, "image/png"),
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::Gif, "image/gif"),
        (ImageFormat::WebP, "image/webp"),
    ] {
        for (colour, expected) in [([200, 30, 30, 255], "image/jpeg"), ([0, 0, 0, 0], "image/png")] {
            let bytes = picture(format, 1024, 100, colour);
            let attachment = alice.share(&world.server, &room, ("a", media_type), &bytes).await;
            assert_eq!((&attachment["width"], &attachment["height"]), (&1024.into(), &100.into()), "{attachment}");
            let thumbnail = world.server.fetch(&attachment["thumbnailUrl"], &[]).await;
            assert_eq!(thumbnail.status(), 200, "{media_type}");
            let expected = if format == ImageFormat::Jpeg { "image/jpeg" } else { expected };
            assert_eq!(thumbnail.headers()["content-type"], expected, "{media_type}");
            let decoded = image::load_from_memory(&thumbnail.bytes().await.unwrap()).unwrap();
            assert_eq!((decoded.width(), decoded.height()), (512, 50));
        }
    }
}

async fn a_name_is_what_it_is_saved_as(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    for (name, written) in [
        ("report.csv", "report.csv"),
        ("Über uns; \"1\".csv", "%C3%9Cber%20uns%3B%20%221%22.csv"),
        ("🎵.csv", "%F0%9F%8E%B5.csv"),
    ] {
        let attachment = alice.share(&world.server, &room, (name, "text/csv"), b"a,b\n1,2\n").await;
        assert_eq!(attachment["name"], name);
        let fetched = world.server.fetch(&attachment["url"], &[]).await;
        let expected = format!("attachment; filename*=UTF-8''{written}");
        assert_eq!(fetched.headers()["content-disposition"], expected.as_str());
    }
}

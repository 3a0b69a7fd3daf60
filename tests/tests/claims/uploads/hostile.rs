//! Files that are not what they say, or more than they seem: each is refused, or can do nothing.

use std::time::Instant;

use serde_json::Value;
use tests::upload::{photograph, png};
use tests::{Connection, Engine, World, claims};

claims![
    a_page_that_is_called_a_picture_is_refused,
    a_page_is_kept_and_never_shown,
    a_drawing_with_a_script_is_a_document,
    a_picture_that_is_a_bomb_is_refused,
    a_picture_that_is_also_something_else_is_a_picture,
    what_claims_to_have_gigabytes_is_not_waited_for,
    more_than_was_said_is_not_taken,
    a_thumbnail_has_nothing_of_the_file_but_its_pixels,
    a_picture_that_can_t_be_read_is_kept_without_a_thumbnail,
];

const PAGE: &[u8] = b"<!doctype html><script>document.title = 'canary'</script>";

/// What can happen to whoever opens a file: nothing.
fn is_harmless(answer: &reqwest::Response, is_shown: bool) {
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(answer.status(), 200);
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    assert!(header("content-disposition").starts_with(if is_shown { "inline; " } else { "attachment; " }));
    let media_type = header("content-type");
    assert_eq!(media_type != "application/octet-stream", is_shown, "{media_type}");
}

async fn a_page_that_is_called_a_picture_is_refused(world: World) {
    let alice = world.user("alice").await;
    for (name, media_type) in [
        ("a.png", "image/png"),
        ("a.gif", "image/gif"),
        ("a.mp4", "video/mp4"),
        ("a.mp3", "audio/mpeg"),
        ("a.pdf", "application/pdf"),
    ] {
        let given = alice.begin_upload(name, media_type, PAGE.len()).await;
        let answer = world.server.put(&given.url, PAGE.to_vec()).await;
        assert_eq!(answer.status(), 422, "{name}");
        let told: Value = answer.json().await.unwrap();
        let error = &told["errors"][0]["extensions"];
        assert_eq!((&error["code"], &error["argument"]), (&"INVALID".into(), &"type".into()), "{told}");
    }
    assert!(world.server.kept().is_empty());
}

async fn a_page_is_kept_and_never_shown(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    for media_type in
        ["text/html", "application/octet-stream", "application/xhtml+xml", "text/javascript", "application/x-unknown"]
    {
        let attachment = alice.share(&world.server, &room, ("page.png.html", media_type), PAGE).await;
        assert_eq!(attachment["type"], media_type);
        assert!(attachment["thumbnailUrl"].is_null() && attachment["width"].is_null());
        let fetched = world.server.fetch(&attachment["url"], &[("accept", "text/html")]).await;
        is_harmless(&fetched, false);
        assert_eq!(fetched.bytes().await.unwrap(), PAGE);
    }
}

async fn a_drawing_with_a_script_is_a_document(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let drawing = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(2)</script></svg>";
    let attachment = alice.share(&world.server, &room, ("a.svg", "image/svg+xml"), drawing).await;
    assert_eq!(attachment["type"], "image/svg+xml");
    assert!(attachment["thumbnailUrl"].is_null());
    is_harmless(&world.server.fetch(&attachment["url"], &[]).await, false);
    // Called by another name it is nothing.
    let given = alice.begin_upload("a.png", "image/png", drawing.len()).await;
    assert_eq!(world.server.put(&given.url, drawing.to_vec()).await.status(), 422);
}

/// A PNG that says it has so many pixels, and has as few bytes as that takes.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([8, 6, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", head), (b"IDAT", b"x\x9c\x03\0\0\0\0\x01".to_vec()), (b"IEND", Vec::new())] {
        bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        let chunk = [&kind[..], &data].concat();
        bytes.extend(&chunk);
        bytes.extend(checksum(&chunk).to_be_bytes());
    }
    bytes
}

/// CRC-32, as PNG has it.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

async fn a_picture_that_is_a_bomb_is_refused(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_UPLOAD_PIXELS", "1000000")]).await;
    let alice = world.user("alice").await;
    let begun = Instant::now();
    let gif = |side: u16| {
        let size = [side.to_le_bytes(), side.to_le_bytes()].concat();
        // A frame of that size, of no pixels.
        [&b"GIF89a"[..], &size, &[0x80, 0, 0, 0, 0, 0, 9, 9, 9, b',', 0, 0, 0, 0], &size, &[0, 2, 1, 0, 0, b';']]
            .concat()
    };
    for (media_type, bytes) in [
        ("image/png", bomb(1_000_000, 1_000_000)),
        ("image/png", bomb(u32::MAX >> 1, 1)),
        ("image/png", bomb(1_001, 1_000)),
        ("image/gif", gif(u16::MAX)),
    ] {
        let given = alice.begin_upload("a.png", media_type, bytes.len()).await;
        let answer = world.server.put(&given.url, bytes).await;
        assert_eq!(answer.status(), 413);
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told["errors"][0]["extensions"]["argument"], "size", "{told}");
    }
    assert!(begun.elapsed().as_secs() < 10, "it is seen before it is unpacked");
    assert!(world.server.kept().is_empty());
    // As many as may be, and broken behind them, are no bomb.
    let room = world.room(&alice).await;
    let attachment = alice.share(&world.server, &room, ("a.png", "image/png"), &bomb(1_000, 1_000)).await;
    assert_eq!((&attachment["width"], &attachment["thumbnailUrl"]), (&1_000.into(), &Value::Null));
}

async fn a_picture_that_is_also_something_else_is_a_picture(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let script = b"GIF89a/*\x2a\0\0\0*/=1;alert(document.domain)//";
    let archive = [png(), b"PK\x03\x04<script>alert(1)</script>".to_vec()].concat();
    for (media_type, bytes) in [("image/gif", script.to_vec()), ("image/png", archive.clone()), ("text/html", archive)]
    {
        let attachment = alice.share(&world.server, &room, ("a", media_type), &bytes).await;
        let expected = if media_type == "image/gif" { "image/gif" } else { "image/png" };
        assert_eq!(attachment["type"], expected, "it is what it begins as");
        let fetched = world.server.fetch(&attachment["url"], &[("accept", "text/html, */*")]).await;
        is_harmless(&fetched, true);
        assert_eq!(fetched.headers()["content-type"], expected);
    }
}

async fn what_claims_to_have_gigabytes_is_not_waited_for(world: World) {
    let alice = world.user("alice").await;
    let given = alice.begin_upload("a.png", "image/png", png().len()).await;
    let begun = Instant::now();
    for length in ["10737418240", "18446744073709551615"] {
        let mut connection = Connection::to(&world.server).await;
        let request = format!(
            "PUT {} HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\n\r\n",
            given.url,
            world.server.address()
        );
        connection.say(request).await;
        connection.say(png()).await;
        let answer = connection.try_head().await.map(|head| head.status);
        assert!(matches!(answer, Some(400 | 413 | 431)), "{answer:?}");
    }
    assert!(begun.elapsed().as_secs() < 10);
    assert_eq!(world.server.put(&given.url, png()).await.status(), 200);
}

async fn more_than_was_said_is_not_taken(world: World) {
    let alice = world.user("alice").await;
    let given = alice.begin_upload("a.bin", "application/octet-stream", 10).await;
    for bytes in [0, 9, 11] {
        let answer = world.server.put(&given.url, vec![b'x'; bytes]).await;
        assert_eq!(answer.status(), if bytes > 10 { 413 } else { 422 }, "{bytes}");
    }
    // Nor from whoever doesn't say how much it is.
    let mut connection = Connection::to(&world.server).await;
    let head =
        format!("PUT {} HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\n\r\n", given.url, world.server.address());
    connection.say(head + "8\r\n01234567\r\n3\r\n89a\r\n").await;
    assert_eq!(connection.answer().await.unwrap().0.status, 413);
    // A form has more around the file than there may be.
    let form = b"------x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n0123456789\r\n------x--".to_vec();
    assert_eq!(world.server.put(&given.url, form).await.status(), 413);
    assert!(world.server.kept().is_empty());
    assert_eq!(world.server.put(&given.url, b"0123456789".to_vec()).await.status(), 200);
}

async fn a_thumbnail_has_nothing_of_the_file_but_its_pixels(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let bytes = photograph(1200, 600, "canary: 52.5200 N, 13.4050 E");
    let attachment = alice.share(&world.server, &room, ("a.jpg", "image/jpeg"), &bytes).await;
    // As it is to be looked at.
    assert_eq!((&attachment["width"], &attachment["height"]), (&600.into(), &1200.into()));
    let thumbnail = world.server.fetch(&attachment["thumbnailUrl"], &[]).await;
    is_harmless(&thumbnail, true);
    assert_eq!(thumbnail.headers()["content-type"], "image/jpeg");
    let small = thumbnail.bytes().await.unwrap();
    let has = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
    assert!(has(&bytes, b"canary") && !has(&small, b"canary") && !has(&small, b"Exif"));
    let decoded = image::load_from_memory(&small).unwrap();
    assert_eq!((decoded.width(), decoded.height()), (256, 512), "turned, and made small");
}

async fn a_picture_that_can_t_be_read_is_kept_without_a_thumbnail(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let whole = tests::upload::picture(image::ImageFormat::Jpeg, 300, 200, [9, 9, 9, 255]);
    for (name, bytes) in [("cut.jpg", whole[..30].to_vec()), ("nothing.jpg", b"\xff\xd8\xff\xe0".to_vec())] {
        let attachment = alice.share(&world.server, &room, (name, "image/jpeg"), &bytes).await;
        assert!(attachment["thumbnailUrl"].is_null(), "{attachment}");
        assert_eq!(world.server.fetch(&attachment["url"], &[]).await.bytes().await.unwrap(), bytes);
    }
}

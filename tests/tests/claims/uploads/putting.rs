//! Asking for an address, and putting a file there.

use std::time::Duration;

use serde_json::{Value, json};
use tests::upload::png;
use tests::{Connection, Engine, World, claims};

claims![
    an_address_is_given_for_one_file,
    what_is_asked_for_is_checked,
    the_same_key_gives_the_same_upload,
    a_file_may_be_put_again_and_no_other_in_its_place,
    two_who_put_at_once_put_one_file,
    an_address_is_good_for_what_it_was_given_for_and_no_longer,
    a_file_that_is_cut_off_leaves_nothing,
    a_slow_file_arrives_and_one_that_stops_does_not,
    a_file_that_takes_too_long_is_given_up,
    a_file_that_comes_in_drops_is_given_up,
    one_address_leaves_room_for_others,
    an_account_has_so_many_that_no_message_carries,
    an_account_puts_so_many_in_an_hour,
    guests_and_strangers_put_nothing_here,
    pages_of_other_origins_put_files_here_if_they_may,
];

const ADDRESS: &str = "attachmentUploadCreate";

async fn an_address_is_given_for_one_file(world: World) {
    let alice = world.user("alice").await;
    let input = json!({ "name": "Über uns.png", "type": "image/png", "size": png().len() });
    let answer = alice.try_begin_upload(input).await;
    let upload = answer.ok("/attachmentUploadCreate/upload");
    let id = upload["id"].as_str().unwrap();
    assert!(
        id.starts_with("upl_") && upload["url"].as_str().unwrap().starts_with(&format!("/uploads/{id}?")),
        "{upload}"
    );
    assert_eq!(upload["method"], "PUT");
    let taken = world.server.put(upload["url"].as_str().unwrap(), png()).await;
    assert_eq!(taken.status(), 200);
    let told: Value = taken.json().await.unwrap();
    assert_eq!(told, json!({ "id": id, "type": "image/png", "width": 8, "height": 6 }));
    // By a key that writes, too; not by one that reads.
    let writing = alice.create_key(&["READ", "WRITE"]).await;
    writing.user.upload(&world.server, "a.png", "image/png", &png()).await;
    let reading = alice.create_key(&["READ"]).await;
    let input = json!({ "name": "a.png", "type": "image/png", "size": 3 });
    reading.user.try_begin_upload(input).await.failed("FORBIDDEN");
}

async fn what_is_asked_for_is_checked(world: World) {
    let alice = world.user("alice").await;
    let input = |field: &str, value: Value| {
        let mut input = json!({ "name": "a.png", "type": "image/png", "size": 3 });
        input[field] = value;
        input
    };
    for (field, value, code) in [
        ("name", json!(" "), "BLANK"),
        ("name", json!("x".repeat(256)), "TOO_LONG"),
        ("name", json!("../../etc/passwd"), "INVALID"),
        ("name", json!("C:\\windows\\a.exe"), "INVALID"),
        ("name", json!(".."), "INVALID"),
        ("name", json!("a\r\nSet-Cookie: b=c"), "INVALID"),
        ("name", json!("photo\u{202e}gnp.exe"), "INVALID"),
        ("name", json!("a\u{2066}b.png"), "INVALID"),
        ("type", json!("picture"), "INVALID"),
        ("type", json!("text/\u{202e}html"), "INVALID"),
        ("type", json!("text/ht ml"), "INVALID"),
        ("size", json!(0), "INVALID"),
        ("size", json!(-1), "INVALID"),
        ("size", json!(26_214_401), "TOO_LONG"),
        ("clientKey", json!(""), "BLANK"),
        ("clientKey", json!("x".repeat(101)), "TOO_LONG"),
    ] {
        alice.try_begin_upload(input(field, value.clone())).await.refused(ADDRESS, code, &[field]);
    }
    alice.try_begin_upload(input("size", json!(26_214_400))).await.ok("/attachmentUploadCreate/upload");
    alice.try_begin_upload(input("size", json!(10_000_000_000_i64))).await.failed("INVALID");
}

async fn the_same_key_gives_the_same_upload(world: World) {
    let [alice, _] = world.users(["alice", "bob"]).await;
    let input = json!({ "name": "a.png", "type": "image/png", "size": png().len(), "clientKey": "a key" });
    let id = async |user: &tests::User| {
        let answer = user.try_begin_upload(input.clone()).await;
        (answer.text("/attachmentUploadCreate/upload/id"), answer.text("/attachmentUploadCreate/upload/url"))
    };
    let (first, old) = id(&alice).await;
    world.server.advance_clock(Duration::from_secs(10 * 60)).await;
    let (again, url) = id(&alice).await;
    assert!(first == again && url != old);
    // The first address has run out, the second has not.
    world.server.advance_clock(Duration::from_secs(10 * 60)).await;
    let [alice, bob] = [world.anonymous.sign_in("alice").await, world.anonymous.sign_in("bob").await];
    assert_eq!(world.server.put(&old, png()).await.status(), 403);
    assert_eq!(world.server.put(&url, png()).await.status(), 200);
    assert_eq!(id(&alice).await.0, first, "also once the file is there");
    assert_ne!(id(&bob).await.0, first);
    let mut other = input.clone();
    other["name"] = json!("b.png");
    alice.try_begin_upload(other).await.refused(ADDRESS, "CONFLICT", &["clientKey"]);
    // And when a message carries it: whoever does all of it again has done it once.
    let room = world.room(&alice).await;
    let send = json!({ "threadId": room, "content": "a", "clientKey": "b", "attachments": [{ "uploadId": first }] });
    let sent = alice.send_with(send.clone()).await;
    let (again, url) = id(&alice).await;
    assert_eq!((again, world.server.put(&url, png()).await.status().as_u16()), (first, 200));
    assert_eq!(alice.send_with(send).await, sent);
    assert_eq!(alice.attachments(&sent.id).await.len(), 1);
}

async fn a_file_may_be_put_again_and_no_other_in_its_place(world: World) {
    let alice = world.user("alice").await;
    let given = alice.begin_upload("a.png", "image/png", png().len()).await;
    for _ in 0..2 {
        assert_eq!(world.server.put(&given.url, png()).await.status(), 200);
    }
    let mut other = png();
    let last = other.len() - 1;
    other[last] ^= 1;
    assert_eq!(world.server.put(&given.url, other.clone()).await.status(), 409);
    let room = world.room(&alice).await;
    let sent = alice.send_files(&room, &[&given.id]).await;
    assert_eq!(world.server.put(&given.url, other).await.status(), 409);
    assert_eq!(world.server.put(&given.url, png()).await.status(), 200);
    let attachment = alice.attachments(&sent.id).await.remove(0);
    let bytes = world.server.fetch(&attachment["url"], &[]).await.bytes().await.unwrap();
    assert_eq!(bytes, png());
    // What is refused for what it is may be put right.
    let given = alice.begin_upload("a.png", "image/png", png().len()).await;
    assert_eq!(world.server.put(&given.url, vec![b'x'; png().len()]).await.status(), 422);
    assert_eq!(world.server.put(&given.url, png()).await.status(), 200);
}

async fn two_who_put_at_once_put_one_file(world: World) {
    let alice = world.user("alice").await;
    let room = world.room(&alice).await;
    let large = |byte: u8| [png(), vec![byte; 600_000]].concat();
    for round in 0..4 {
        let given = alice.begin_upload("a.png", "image/png", large(0).len()).await;
        let [one, other] = [large(1), large(if round % 2 == 0 { 1 } else { 2 })];
        let (first, second) =
            tokio::join!(world.server.put(&given.url, one.clone()), world.server.put(&given.url, other.clone()));
        let statuses = [first.status().as_u16(), second.status().as_u16()];
        let expected: &[[u16; 2]] = if one == other { &[[200, 200]] } else { &[[200, 409], [409, 200]] };
        assert!(expected.contains(&statuses), "{statuses:?}");
        let sent = alice.send_files(&room, &[&given.id]).await;
        let attachment = alice.attachments(&sent.id).await.remove(0);
        let bytes = world.server.fetch(&attachment["url"], &[]).await.bytes().await.unwrap();
        assert_eq!(bytes, if statuses[0] == 200 { one } else { other });
    }
    assert_eq!(world.server.kept().len(), 8, "four files, each with its thumbnail: {:?}", world.server.kept());
}

async fn an_address_is_good_for_what_it_was_given_for_and_no_longer(world: World) {
    let alice = world.user("alice").await;
    let given = alice.begin_upload("a.png", "image/png", png().len()).await;
    let other = alice.begin_upload("a.png", "image/png", png().len()).await;
    let signature = |url: &str| url.rsplit_once('=').unwrap().1.to_owned();
    let forged = [
        given.url.replace(&given.id, &other.id),
        given.url.replace("size=", "size=1"),
        given.url.replace("expires=", "expires=9"),
        given.url.replace(&signature(&given.url), &signature(&other.url)),
        given.url.replace(&signature(&given.url), ""),
        given.url.split_once('?').unwrap().0.to_owned(),
        given.url.replace("/uploads/upl_", "/uploads/"),
    ];
    for url in forged {
        let answer = world.server.put(&url, png()).await;
        assert_eq!(answer.status(), 403, "{url}");
        assert_eq!(answer.json::<Value>().await.unwrap()["errors"][0]["extensions"]["code"], "EXPIRED");
    }
    assert!(world.server.kept().is_empty());
    // It is not for reading, nor is it anything but PUT.
    let read = world.server.http().get(world.server.at(&given.url)).send().await.unwrap();
    assert_eq!(read.status(), 405);
    world.server.advance_clock(Duration::from_secs(14 * 60)).await;
    assert_eq!(world.server.put(&given.url, png()).await.status(), 200);
    world.server.advance_clock(Duration::from_secs(2 * 60)).await;
    assert_eq!(world.server.put(&given.url, png()).await.status(), 403);
    // Whoever starts anew has the same key to sign with.
    world.server.restart().await;
    assert_eq!(world.server.put(&other.url, png()).await.status(), 200);
}

/// The head of a request that puts so many bytes.
fn head(world: &World, url: &str, bytes: usize) -> String {
    format!("PUT {url} HTTP/1.1\r\nhost: {}\r\ncontent-length: {bytes}\r\n\r\n", world.server.address())
}

async fn a_file_that_is_cut_off_leaves_nothing(world: World) {
    let alice = world.user("alice").await;
    let bytes = [png(), vec![0; 2_000_000]].concat();
    let given = alice.begin_upload("a.png", "image/png", bytes.len()).await;
    let mut connection = Connection::to(&world.server).await;
    connection.say(head(&world, &given.url, bytes.len())).await;
    connection.say(&bytes[..1_500_000]).await;
    connection.cut();
    // And one that ends as if it were whole.
    let mut connection = Connection::to(&world.server).await;
    let chunked =
        format!("PUT {} HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\n\r\n", given.url, world.server.address());
    connection.say(chunked + "5\r\nhello\r\n0\r\n\r\n").await;
    assert_eq!(connection.answer().await.unwrap().0.status, 422);
    let mut connection = Connection::to(&world.server).await;
    connection.say(head(&world, &given.url, bytes.len())).await;
    connection.say(&bytes[..1_000_000]).await;
    world.server.kill9();
    world.server.launch();
    world.server.ready().await;
    assert!(world.server.kept().is_empty(), "{:?}", world.server.kept());
    let room = world.room(&alice).await;
    let refused = alice.try_send_files(&room, &[&given.id]).await;
    refused.refused("messageSend", "INVALID", &["attachments", "0", "uploadId"]);
    assert_eq!(world.server.put(&given.url, bytes).await.status(), 200, "it can be put anew");
    alice.send_files(&room, &[&given.id]).await;
}

async fn a_slow_file_arrives_and_one_that_stops_does_not(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_BODY_SECONDS", "2"), ("LINNET_HEAD_SECONDS", "1")]).await;
    let alice = world.user("alice").await;
    let bytes = [png(), vec![0; 20_000]].concat();
    let given = alice.begin_upload("a.png", "image/png", bytes.len()).await;
    let mut connection = Connection::to(&world.server).await;
    connection.say(head(&world, &given.url, bytes.len())).await;
    for part in bytes[..12_000].chunks(1500) {
        assert!(connection.is_silent_for(Duration::from_millis(500)).await);
        connection.say(part).await;
    }
    connection.say(&bytes[12_000..]).await;
    assert_eq!(connection.answer().await.unwrap().0.status, 200);
    let given = alice.begin_upload("a.png", "image/png", png().len()).await;
    let mut connection = Connection::to(&world.server).await;
    connection.say(head(&world, &given.url, png().len())).await;
    connection.say(&png()[..20]).await;
    let (head, body) = connection.answer().await.expect("it is told so");
    assert_eq!(head.status, 422, "{body}");
}

async fn a_file_that_takes_too_long_is_given_up(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_UPLOAD_SECONDS", "2")]).await;
    let alice = world.user("alice").await;
    let given = alice.begin_upload("a.bin", "application/octet-stream", 1_000_000).await;
    let mut connection = Connection::to(&world.server).await;
    connection.say(head(&world, &given.url, 1_000_000)).await;
    while connection.is_silent_for(Duration::from_millis(200)).await {
        connection.say("x").await;
    }
    let (head, body) = connection.answer().await.expect("it is told so");
    assert_eq!(head.status, 422, "{body}");
    assert!(world.server.kept().is_empty());
}

async fn a_file_that_comes_in_drops_is_given_up(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_BODY_SECONDS", "2")]).await;
    let alice = world.user("alice").await;
    let given = alice.begin_upload("a.bin", "application/octet-stream", 1000).await;
    let mut connection = Connection::to(&world.server).await;
    connection.say(head(&world, &given.url, 1000)).await;
    // It would take some minutes.
    let mut drops = 0;
    while connection.is_silent_for(Duration::from_millis(200)).await {
        connection.say("x").await;
        drops += 1;
        assert!(drops < 500, "it is waited for");
    }
    let (head, body) = connection.answer().await.expect("it is told so");
    assert_eq!(head.status, 422, "{body}");
    assert!(world.server.kept().is_empty());
}

async fn one_address_leaves_room_for_others(engine: Engine) {
    let patient = [("LINNET_TRUSTED_PROXIES", "127.0.0.1"), ("LINNET_BODY_SECONDS", "600")];
    let world = World::start_with(engine, &patient).await;
    let mut urls = Vec::new();
    for user in world.crowd("user", 5).await {
        for _ in 0..4 {
            urls.push(user.begin_upload("a.bin", "application/octet-stream", 3).await.url);
        }
    }
    let from = |url: &str, address: &str| {
        head(&world, url, 3).replace("content-length", &format!("x-forwarded-for: {address}\r\ncontent-length"))
    };
    let mut open = Vec::new();
    for url in &urls[..16] {
        let mut connection = Connection::to(&world.server).await;
        let expecting = from(url, "198.51.100.1").replace("content-length", "expect: 100-continue\r\ncontent-length");
        connection.say(expecting).await;
        assert_eq!(connection.try_head().await.expect("it is waited for").status, 100);
        connection.say("a").await;
        open.push(connection);
    }
    let status = async |address: &str| {
        let mut connection = Connection::to(&world.server).await;
        connection.say(from(&urls[16], address)).await;
        connection.say("abc").await;
        connection.answer().await.expect("an answer").0.status
    };
    assert_eq!(status("198.51.100.1").await, 429);
    assert_eq!(status("198.51.100.2").await, 200);
    for mut connection in open {
        connection.say("bc").await;
        assert_eq!(connection.answer().await.expect("an answer").0.status, 200);
    }
    assert_eq!(status("198.51.100.1").await, 200);
}

async fn an_account_has_so_many_that_no_message_carries(engine: Engine) {
    let world =
        World::start_with(engine, &[("LINNET_ACCOUNT_UPLOADS", "3"), ("LINNET_ACCOUNT_UPLOAD_BYTES", "1000")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let ask = |size: i64| json!({ "name": "a.png", "type": "image/png", "size": size });
    for _ in 0..2 {
        alice.begin_upload("a.png", "image/png", png().len()).await;
    }
    let sent = alice.upload(&world.server, "a.png", "image/png", &png()).await;
    alice.try_begin_upload(ask(1)).await.refused(ADDRESS, "TOO_LONG", &[]);
    bob.try_begin_upload(ask(1)).await.ok("/attachmentUploadCreate/upload");
    // What a message carries counts no more.
    let room = world.room(&alice).await;
    alice.send_files(&room, &[&sent]).await;
    alice.try_begin_upload(ask(1)).await.ok("/attachmentUploadCreate/upload");
    bob.try_begin_upload(ask(1000)).await.refused(ADDRESS, "TOO_LONG", &[]);
    bob.try_begin_upload(ask(999)).await.ok("/attachmentUploadCreate/upload");
    // Of many at once, no more.
    let carol = world.user("carol").await;
    let all = futures_util::future::join_all((0..12).map(|_| carol.try_begin_upload(ask(1)))).await;
    let given = all.iter().filter(|answer| answer.user_errors(ADDRESS).is_empty()).count();
    assert_eq!(given, 3);
}

async fn an_account_puts_so_many_in_an_hour(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_RATE_LIMITS", "on"), ("LINNET_UPLOADS_PER_HOUR", "2")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let ask = || json!({ "name": "a.png", "type": "image/png", "size": 3 });
    for _ in 0..2 {
        alice.try_begin_upload(ask()).await.ok("/attachmentUploadCreate/upload");
    }
    alice.try_begin_upload(ask()).await.failed("RATE_LIMITED");
    bob.try_begin_upload(ask()).await.ok("/attachmentUploadCreate/upload");
}

async fn guests_and_strangers_put_nothing_here(world: World) {
    let guest = world.guest("wren").await;
    let input = json!({ "name": "a.png", "type": "image/png", "size": 3 });
    let select = "upload { id }";
    world.anonymous.mutate("attachmentUploadCreate", input.clone(), select).await.failed("UNAUTHENTICATED");
    let answer = guest.try_begin_upload(input).await;
    let told = answer.json.to_string();
    assert!(told.contains("FORBIDDEN") && !told.contains("upl_"), "{told}");
}

async fn pages_of_other_origins_put_files_here_if_they_may(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_ALLOWED_ORIGINS", "https://chat.example.org")]).await;
    let alice = world.user("alice").await;
    let http = world.server.http();
    let given = alice.begin_upload("a.png", "image/png", png().len()).await;
    let url = world.server.at(&given.url);
    for (origin, status) in [("https://evil.example.org", 403), ("https://chat.example.org", 200)] {
        let asked = http
            .request(reqwest::Method::OPTIONS, &url)
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "content-type");
        let allowed = asked.send().await.unwrap();
        let allows = |name: &str| allowed.headers().get(name).is_some_and(|value| !value.is_empty());
        assert_eq!(allows("access-control-allow-origin"), status == 200, "{origin}");
        if status == 200 {
            assert!(allowed.headers()["access-control-allow-methods"].to_str().unwrap().contains("PUT"));
        }
        let put = http.put(&url).header("origin", origin).body(png()).send().await.unwrap();
        assert_eq!(put.status(), status, "{origin}");
    }
    let room = world.room(&alice).await;
    let sent = alice.send_files(&room, &[&given.id]).await;
    let attachment = alice.attachments(&sent.id).await.remove(0);
    let fetched = world.server.fetch(&attachment["url"], &[("origin", "https://chat.example.org")]).await;
    assert_eq!(fetched.headers()["access-control-allow-origin"], "https://chat.example.org");
    assert_eq!(fetched.headers()["cross-origin-resource-policy"], "cross-origin");
}

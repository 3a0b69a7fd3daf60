//! Links to exports: good once, for ten minutes, as long as what asked for them speaks for the account.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::export::fetch;
use tests::{Engine, User, World, claims, eventually};

claims![
    a_link_is_a_file_to_keep,
    a_link_is_good_once,
    a_new_link_takes_the_place_of_the_one_before,
    a_link_is_good_for_ten_minutes,
    who_only_asks_after_a_link_does_not_use_it_up,
    no_other_secret_is_a_link,
    keys_and_the_anonymous_get_none,
    a_link_ends_with_what_asked_for_it,
    a_link_is_a_path_wherever_the_pages_are,
    who_has_no_seat_keeps_the_link,
    a_proved_address_is_told_of_an_export,
    links_are_few_in_an_hour,
    that_it_was_asked_for_is_in_the_audit_log,
];

async fn is_gone(world: &World, path: &str) {
    let answer = fetch(&world.server, path).await;
    assert_eq!(answer.status(), 404, "{path}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "NOT_FOUND", "{body}");
}

async fn a_link_is_a_file_to_keep(world: World) {
    let alice = world.user("Alice-1").await;
    let answer = alice.try_export().await;
    let until = answer.text("/accountExport/expiresAt");
    let made = fetch(&world.server, &answer.text("/accountExport/url")).await;
    let header = |name: &str| made.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-disposition"), "attachment; filename=\"linnet-Alice-1.json\"");
    assert_eq!(header("content-type"), "application/json; charset=utf-8");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    let export: Value = made.json().await.unwrap();
    assert!(export["exportedAt"].as_str().unwrap() < until.as_str(), "{until}");
    let log = world.server.log();
    assert!(!log.contains("lnx_"), "a link is told in no log: {log}");
    let rows = world.database.number("SELECT COUNT(*) FROM export_tokens").await;
    assert_eq!(rows, 0, "what is used up is gone");
}

async fn a_link_is_good_once(world: World) {
    let alice = world.user("alice").await;
    let path = alice.export_path().await;
    let answers = join_all((0..5).map(|_| fetch(&world.server, &path))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404, 404]);
    is_gone(&world, &path).await;
}

async fn a_new_link_takes_the_place_of_the_one_before(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let of_bob = bob.export_path().await;
    let first = alice.export_path().await;
    let second = alice.export_path().await;
    assert_ne!(first, second);
    is_gone(&world, &first).await;
    for (path, user) in [(second, &alice), (of_bob, &bob)] {
        let export: Value = fetch(&world.server, &path).await.json().await.unwrap();
        assert_eq!(export["user"]["id"], user.id.as_str());
    }
}

async fn a_link_is_good_for_ten_minutes(world: World) {
    let alice = world.user("alice").await;
    let path = alice.export_path().await;
    world.server.advance_clock(Duration::from_secs(540)).await;
    assert_eq!(fetch(&world.server, &path).await.status(), 200);
    let path = alice.export_path().await;
    world.server.advance_clock(Duration::from_secs(601)).await;
    is_gone(&world, &path).await;
}

async fn who_only_asks_after_a_link_does_not_use_it_up(world: World) {
    let alice = world.user("alice").await;
    let path = alice.export_path().await;
    let (http, url) = (world.server.http(), world.server.at(&path));
    let head = http.head(&url).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["allow"].to_str().unwrap()), (405, "GET"));
    assert_eq!(http.post(&url).json(&json!({})).send().await.unwrap().status(), 405);
    assert_eq!(fetch(&world.server, &path).await.status(), 200);
}

async fn no_other_secret_is_a_link(world: World) {
    let alice = world.user("alice").await;
    let path = alice.export_path().await;
    let secret = path.rsplit('/').next().unwrap();
    let key = alice.create_key(&["READ", "WRITE"]).await.user.token;
    let cut = &secret[..secret.len() - 1];
    let made_up = ["lnx_", "x", "lnx_%00", "..%2f..%2fetc", &"x".repeat(2000)].map(str::to_owned);
    let others = [
        alice.token.clone(),
        alice.refresh_token.clone(),
        key,
        cut.to_owned(),
        secret.to_uppercase(),
        format!("{secret}x"),
    ];
    for other in made_up.into_iter().chain(others) {
        is_gone(&world, &format!("/downloads/{other}")).await;
    }
    // Nor is a link's secret an access token.
    let client = world.anonymous.with_token(secret);
    client.graphql("{ viewer { email } }", Value::Null).await.failed("UNAUTHENTICATED");
    assert_eq!(fetch(&world.server, &path).await.status(), 200, "and it was not used up");
}

async fn keys_and_the_anonymous_get_none(world: World) {
    let alice = world.user("alice").await;
    for scopes in [&["READ"][..], &["READ", "WRITE"]] {
        alice.create_key(scopes).await.user.try_export().await.failed("FORBIDDEN");
    }
    let answer = world.anonymous.mutate("accountExport", json!({}), "url").await;
    answer.failed("UNAUTHENTICATED");
    assert!(!alice.audited().await.contains(&"ACCOUNT_EXPORT".to_owned()));
}

async fn a_link_ends_with_what_asked_for_it(world: World) {
    let users = world.users(["root", "ann", "bob", "cec", "dan", "eve"]).await;
    world.grant_admin("root").await;
    let [root, ann, bob, cec, dan, eve] = &users;
    let again = async |user: &User| (world.anonymous.sign_in(&user.username).await, user.export_path().await);
    // Signed out.
    let path = ann.export_path().await;
    ann.revoke_session(None).await.ok("/sessionRevoke");
    is_gone(&world, &path).await;
    // Signed out from elsewhere.
    let (elsewhere, path) = again(bob).await;
    elsewhere.mutate("sessionRevokeOthers", json!({}), "session { id }").await.ok("/sessionRevokeOthers");
    is_gone(&world, &path).await;
    // Suspended.
    let path = cec.export_path().await;
    root.mutate("userSuspend", json!({ "id": cec.id }), "user { id }").await.ok("/userSuspend/user");
    is_gone(&world, &path).await;
    // Deleted.
    let path = dan.export_path().await;
    dan.mutate("accountDelete", json!({ "password": PASSWORD }), "deletedId").await.ok("/accountDelete/deletedId");
    is_gone(&world, &path).await;
    // With another password, set elsewhere.
    let (elsewhere, path) = again(eve).await;
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "another long secret" });
    elsewhere.mutate("accountChangePassword", input, "viewer { email }").await.ok("/accountChangePassword/viewer");
    is_gone(&world, &path).await;
    // Another session of the same account is no business of it.
    let (other, path) = again(root).await;
    other.revoke_session(None).await.ok("/sessionRevoke");
    assert_eq!(fetch(&world.server, &path).await.status(), 200);
}

async fn a_link_is_a_path_wherever_the_pages_are(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_PUBLIC_URL", "https://chat.example.org/")]).await;
    let path = world.user("alice").await.export_path().await;
    assert_eq!(fetch(&world.server, &path).await.status(), 200);
}

async fn who_has_no_seat_keeps_the_link(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_ACCOUNT_SOCKETS", "1")]).await;
    let alice = world.user("alice").await;
    let socket = world.socket(&alice).await;
    let path = alice.export_path().await;
    assert_eq!(fetch(&world.server, &path).await.status(), 429);
    socket.close();
    let status = eventually("a seat to be free", async || {
        let status = fetch(&world.server, &path).await.status().as_u16();
        (status != 429).then_some(status)
    })
    .await;
    assert_eq!(status, 200);
}

async fn a_proved_address_is_told_of_an_export(world: World) {
    const SUBJECT: &str = "Your data was exported";
    let alice = world.user("alice").await;
    alice.export_path().await;
    world.prove(&alice).await;
    alice.export_path().await;
    let told = world.server.mail_to(&alice.email(), SUBJECT, 1).await;
    assert!(told.text.contains("alice") && !told.text.contains("lnx_"), "{told:?}");
    tests::job::all_done(&world.database).await;
    assert_eq!(world.server.mails_to(&alice.email(), SUBJECT).len(), 1, "nobody is told who has proved nothing");
}

async fn links_are_few_in_an_hour(engine: Engine) {
    let world =
        World::start_with(engine, &[("LINNET_RATE_LIMITS", "on"), ("LINNET_CREDENTIALS_PER_MINUTE", "60")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for _ in 0..5 {
        alice.export_path().await;
    }
    let refused = alice.try_export().await;
    refused.failed("RATE_LIMITED");
    assert!(refused.json["errors"][0]["extensions"]["retryAfterMs"].as_i64().unwrap() > 60_000, "{}", refused.json);
    bob.export_path().await;
}

async fn that_it_was_asked_for_is_in_the_audit_log(world: World) {
    let alice = world.user("alice").await;
    alice.export_path().await;
    let log = alice.audit_log().await;
    let (line, home) = (&log[0], json!("127.0.0.1"));
    assert_eq!((&line["action"], &line["ipAddress"]), (&json!("ACCOUNT_EXPORT"), &home));
    assert_eq!(line["actor"]["id"], alice.id.as_str());
}

//! Attempts at signing in: how many there may be, and logins that nobody has, because nobody could.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::client::mutation_document;
use tests::{Answer, Engine, World, claims, within};

claims![
    a_login_of_any_length_is_a_wrong_one,
    texts_of_any_length_are_refused_at_once,
    no_limit_tells_whose_an_address_is,
    who_tries_elsewhere_locks_nobody_out_at_home,
    a_login_of_nobody_is_counted_as_any_other,
    who_asks_for_many_names_is_not_told_which_are_taken,
    more_sign_ins_than_may_wait_are_told_when_to_come_again,
    who_asks_for_many_names_as_a_guest_has_to_wait,
    heavy_people_sign_in_on_a_machine_that_is_never_idle,
];

/// Long enough for a busy machine, and far less than what it takes to look closely at each character.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn a_login_of_any_length_is_a_wrong_one(world: World) {
    world.user("alice").await;
    let mutate = async |login: &str| {
        let input = json!({ "login": login, "password": PASSWORD });
        world.anonymous.mutate("sessionCreate", input, SESSION).await
    };
    let nobody = mutate("nobody").await;
    nobody.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    let logins = [
        "x".repeat(900_000),
        // Each becomes eighteen characters when it is normalised.
        "\u{fdfa}".repeat(300_000),
        // Marks that have to be put in order.
        "\u{301}\u{316}".repeat(200_000),
        format!("alice{}", " ".repeat(900_000)),
        format!("{}@example.org", "x".repeat(900_000)),
        "x".repeat(2_000),
        "\u{fdfa}".repeat(600),
        "x".repeat(1_001),
        "x".repeat(1_000),
        "x".repeat(300),
    ];
    for login in logins {
        let begun = Instant::now();
        let answer = mutate(&login).await;
        let took = begun.elapsed();
        answer.refused_with("sessionCreate", "WRONG_CREDENTIALS");
        assert_eq!(answer, nobody, "{} bytes of {:.10} are told from a wrong login", login.len(), login);
        assert!(took < AT_ONCE, "{} bytes of {:.10} took {took:?}", login.len(), login);
    }
    assert_eq!(world.anonymous.sign_in("alice").await.username, "alice");
}

async fn texts_of_any_length_are_refused_at_once(world: World) {
    let alice = world.user("alice").await;
    let (long, marks) = ("\u{fdfa}".repeat(300_000), "\u{301}\u{316}".repeat(200_000));
    let times = |field: &str| (0..10).map(|number| format!("a{number}: {field} ")).collect::<String>();
    let begun = Instant::now();
    for text in [&long, &marks] {
        let text = json!({ "text": text });
        let users = "users(search: $text, first: 1) { nodes { id } }";
        let found = alice.graphql(&format!("query($text: String!) {{ {} }}", times(users)), text.clone()).await;
        assert!(found.list("/a9/nodes").is_empty(), "{}", found.json);
        let name = "user(by: { username: $text }) { id }";
        let found = alice.graphql(&format!("query($text: String!) {{ {} }}", times(name)), text.clone()).await;
        assert!(found.ok("/a9").is_null(), "{}", found.json);
        let entries = "diaryEntries(search: $text, first: 1) { nodes { id } }";
        let document = format!("query($text: String!) {{ viewer {{ {} }} }}", times(entries));
        let refused = alice.graphql(&document, text.clone()).await;
        let error = &refused.json["errors"][0];
        assert_eq!(
            (&error["extensions"]["code"], &error["extensions"]["argument"]),
            (&json!("INVALID"), &json!("search"))
        );
        let sign_up = "accountCreate(input: { username: \"bob\", email: $text, password: \"long enough\" }) \
            { errors { code path } }";
        let document = format!("mutation($text: String!) {{ {} }}", times(sign_up));
        let refused = world.anonymous.graphql(&document, text).await;
        let error = &refused.json["data"]["a9"]["errors"][0];
        assert_eq!(error, &json!({ "code": "TOO_LONG", "path": ["email"] }), "{}", refused.json);
    }
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

/// A server that counts attempts, five a minute, and believes who its clients say they are.
async fn counting(engine: Engine) -> World {
    let settings = [("LINNET_RATE_LIMITS", "on"), ("LINNET_TRUSTED_PROXIES", "127.0.0.1")];
    World::start_with(engine, &settings).await
}

/// A mutation of somebody at an address.
async fn mutate_from(world: &World, address: &str, mutation: &str, input: Value, select: &str) -> Answer {
    let body = json!({ "query": mutation_document(mutation, select), "variables": { "input": input } });
    let request = world.server.http().post(world.server.at("/graphql")).header("x-forwarded-for", address);
    let answer = request.json(&body).send().await.unwrap();
    Answer { status: answer.status().as_u16(), json: answer.json().await.unwrap() }
}

async fn sign_up_from(world: &World, address: &str, name: &str) -> Answer {
    let input = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
    mutate_from(world, address, "accountCreate", input, "user { id }").await
}

async fn sign_in_from(world: &World, address: &str, login: &str, password: &str) -> Answer {
    let input = json!({ "login": login, "password": password });
    mutate_from(world, address, "sessionCreate", input, "user { id }").await
}

/// Five wrong attempts from as many addresses, after which there is no sixth.
async fn exhaust(world: &World, logins: &[&str]) {
    for number in 0..5 {
        let address = format!("203.0.113.{number}");
        let answer = sign_in_from(world, &address, logins[number % logins.len()], "not the password").await;
        answer.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    }
    for login in logins {
        let answer = sign_in_from(world, "203.0.113.9", login, "not the password").await;
        answer.failed("RATE_LIMITED");
    }
}

async fn no_limit_tells_whose_an_address_is(engine: Engine) {
    let world = counting(engine).await;
    for name in ["alice", "bob"] {
        sign_up_from(&world, "198.51.100.1", name).await.ok("/accountCreate/user/id");
    }
    exhaust(&world, &["alice", "ALICE"]).await;
    for login in ["alice@example.org", "bob@example.org", "nobody@example.org", "bob", "nobody"] {
        let answer = sign_in_from(&world, "203.0.113.10", login, "not the password").await;
        answer.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    }
    exhaust(&world, &["Carol@example.org", "carol@EXAMPLE.org"]).await;
}

async fn who_tries_elsewhere_locks_nobody_out_at_home(engine: Engine) {
    let world = counting(engine).await;
    for (name, home) in [("alice", "198.51.100.1"), ("bob", "2001:db8:1:2::1")] {
        sign_up_from(&world, home, name).await.ok("/accountCreate/user/id");
    }
    exhaust(&world, &["alice"]).await;
    let id = sign_in_from(&world, "198.51.100.1", "alice", PASSWORD).await.text("/sessionCreate/user/id");
    assert_eq!(sign_in_from(&world, "198.51.100.1", "alice", PASSWORD).await.text("/sessionCreate/user/id"), id);
    // An address of IPv6 changes from day to day; its site does not.
    for number in 0..5 {
        let answer = sign_in_from(&world, &format!("2001:db8:9:{number}::1"), "bob", "not the password").await;
        answer.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    }
    sign_in_from(&world, "2001:db8:9:9::1", "bob", PASSWORD).await.failed("RATE_LIMITED");
    sign_in_from(&world, "2001:db8:1:2:a:b:c:d", "bob", PASSWORD).await.ok("/sessionCreate/user/id");
}

async fn a_login_of_nobody_is_counted_as_any_other(engine: Engine) {
    let world = counting(engine).await;
    exhaust(&world, &["nobody", "NOBODY"]).await;
}

async fn who_asks_for_many_names_is_not_told_which_are_taken(engine: Engine) {
    let world = counting(engine).await;
    sign_up_from(&world, "198.51.100.1", "alice").await.ok("/accountCreate/user/id");
    for _ in 0..20 {
        let answer = sign_up_from(&world, "198.51.100.2", "alice").await;
        assert!(answer.user_errors("accountCreate").iter().all(|error| error.code == "TAKEN"), "{}", answer.json);
        assert!(answer.data()["accountCreate"]["user"].is_null(), "{}", answer.json);
    }
    sign_up_from(&world, "198.51.100.2", "alice").await.failed("RATE_LIMITED");
    sign_up_from(&world, "198.51.100.2", "somebody").await.failed("RATE_LIMITED");
    // Signing in is another thing.
    sign_in_from(&world, "198.51.100.2", "alice", PASSWORD).await.ok("/sessionCreate/user/id");
}

async fn more_sign_ins_than_may_wait_are_told_when_to_come_again(world: World) {
    world.user("alice").await;
    let input = json!({ "login": "alice", "password": "not the password" });
    let tries = (0..300).map(|_| world.anonymous.mutate("sessionCreate", input.clone(), SESSION));
    let answers = join_all(tries).await;
    let (again, hashed): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.error_code() == Some("UNAVAILABLE"));
    for answer in &hashed {
        answer.refused("sessionCreate", "WRONG_CREDENTIALS", &["login"]);
    }
    assert!(!hashed.is_empty() && again.len() >= 64, "{} were hashed, {} were not", hashed.len(), again.len());
    let wait = |answer: &&Answer| answer.json["errors"][0]["extensions"]["retryAfterMs"].as_u64().expect("it is told");
    let mut waits: Vec<_> = again.iter().map(wait).collect();
    assert!(waits.iter().all(|wait| (1_000..5_000).contains(wait)), "{waits:?}");
    waits.sort_unstable();
    waits.dedup();
    assert_eq!(waits.len(), 64, "and not all at once");
    // They were told so before anything was looked for, and nobody is kept out.
    assert_eq!(world.anonymous.sign_in("alice").await.username, "alice");
}

async fn who_asks_for_many_names_as_a_guest_has_to_wait(engine: Engine) {
    let settings = [("LINNET_RATE_LIMITS", "on"), ("LINNET_CREDENTIALS_PER_MINUTE", "5")];
    let world = World::start_with(engine, &settings).await;
    for number in 0..20 {
        world.guest(&format!("guest{number}")).await;
    }
    let answer = world.anonymous.mutate("sessionCreateGuest", json!({ "username": "guest20" }), SESSION).await;
    answer.failed("RATE_LIMITED");
}

/// Threads that never wait for anything, until this is dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn begin(count: usize) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        for _ in 0..count {
            let done = done.clone();
            std::thread::spawn(move || while !done.load(Ordering::Relaxed) {});
        }
        Self(done)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

async fn heavy_people_sign_in_on_a_machine_that_is_never_idle(world: World) {
    world.user("alice").await;
    let cores = std::thread::available_parallelism().unwrap().get();
    let busy = Busy::begin(2 * cores);
    let one_after_the_other = async {
        for _ in 0..5 {
            world.anonymous.sign_in("alice").await;
        }
    };
    // Were each to wait for an idle core, they would take a minute.
    within("five sign-ins", one_after_the_other).await;
    drop(busy);
}

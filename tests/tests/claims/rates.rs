//! How often somebody may do something: by account and by address, whatever transport it comes by, and told when to come again.

use std::time::Duration;

use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::{Answer, Engine, Frame, Transport, User, World, claims};

claims![
    too_many_queries_are_refused_on_every_transport,
    who_comes_again_when_told_is_let_in,
    each_change_of_a_mutation_counts,
    changes_queries_and_signals_are_counted_apart,
    ten_accounts_worth_may_come_from_an_address,
    a_trusted_proxy_says_whose_address_it_is,
    without_a_trusted_proxy_the_header_counts_for_nothing,
    sign_ups_are_counted_by_address,
    ten_sign_ins_in_one_mutation_are_ten_attempts,
];

const QUERY: &str = "{ viewer { user { id } } }";

/// A server that counts, with room for the accounts of a test.
async fn counting(engine: Engine, settings: &[(&str, &str)]) -> World {
    let mut all = vec![("LINNET_RATE_LIMITS", "on"), ("LINNET_CREDENTIALS_PER_MINUTE", "50")];
    all.extend(settings);
    World::start_with(engine, &all).await
}

/// Fails the test unless a request was refused as a whole for coming too often. When to come again.
#[track_caller]
fn too_often(answer: &Answer) -> Duration {
    answer.failed("RATE_LIMITED");
    assert_eq!(answer.json.get("data"), None, "{}", answer.json);
    let wait = answer.json["errors"][0]["extensions"]["retryAfterMs"].as_u64();
    Duration::from_millis(wait.unwrap_or_else(|| panic!("it does not say when: {}", answer.json)))
}

async fn too_many_queries_are_refused_on_every_transport(engine: Engine) {
    let world = counting(engine, &[("LINNET_READS_PER_MINUTE", "6")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    for _ in 0..6 {
        assert_eq!(alice.graphql(QUERY, Value::Null).await.text("/viewer/user/id"), alice.id);
    }
    for transport in Transport::ALL {
        for document in [QUERY, "subscription { inboxChanges { cursor } }"] {
            let answer = transport.ask(&world.server, Some(&alice.token), json!({ "query": document })).await;
            let wait = too_often(&answer);
            assert!(wait > Duration::ZERO && wait <= Duration::from_secs(10), "{transport:?}: {wait:?}");
            assert_eq!(answer.status, if transport == Transport::Http { 429 } else { 200 }, "{transport:?}");
        }
    }
    for accept in ["application/json", "application/graphql-response+json"] {
        let request = world.server.http().post(world.server.at("/graphql")).bearer_auth(&alice.token);
        let answer = request.header("accept", accept).json(&json!({ "query": QUERY })).send().await.unwrap();
        assert_eq!(answer.status(), 429);
        let seconds: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        let wait = too_often(&Answer { status: 429, json: answer.json().await.unwrap() });
        assert!(Duration::from_secs(seconds) >= wait && seconds <= 11, "{seconds} s for {wait:?}");
    }
    assert_eq!(bob.graphql(QUERY, Value::Null).await.text("/viewer/user/id"), bob.id, "others are not concerned");
    // A session of the same account is the same account.
    let elsewhere = world.anonymous.sign_in("alice").await;
    too_often(&elsewhere.graphql(QUERY, Value::Null).await);
    let metrics = world.server.metrics().await;
    assert!(metrics.sum("linnet_refusals_total", &[("reason", "RATE_LIMITED")]) > 7.5);
}

async fn who_comes_again_when_told_is_let_in(engine: Engine) {
    let world = counting(engine, &[("LINNET_READS_PER_MINUTE", "30")]).await;
    let alice = world.user("alice").await;
    for _ in 0..3 {
        let wait = loop {
            let answer = alice.graphql(QUERY, Value::Null).await;
            if answer.json.get("errors").is_some() {
                break too_often(&answer);
            }
        };
        assert!(wait <= Duration::from_secs(2), "{wait:?}");
        tokio::time::sleep(wait).await;
        alice.graphql(QUERY, Value::Null).await.ok("/viewer/user/id");
    }
}

async fn each_change_of_a_mutation_counts(engine: Engine) {
    let world = counting(engine, &[("LINNET_WRITES_PER_MINUTE", "6")]).await;
    let alice = world.user("alice").await;
    let rooms = |count: usize| {
        let create = "threadCreate(input: { room: { title: \"x\" } }) { thread { id } }";
        let fields: String = (0..count).map(|number| format!("a{number}: {create} ")).collect();
        json!({ "query": format!("mutation {{ {fields}}}") })
    };
    let mut left = 6;
    for (transport, count, fits) in [
        (Transport::Http, 4, true),
        (Transport::Http, 3, false),
        (Transport::Socket, 3, false),
        (Transport::Events, 3, false),
        (Transport::Socket, 2, true),
        (Transport::Events, 1, false),
    ] {
        let answer = transport.ask(&world.server, Some(&alice.token), rooms(count)).await;
        if fits {
            answer.ok("/a0/thread/id");
            left -= count;
        } else {
            too_often(&answer);
        }
    }
    assert_eq!(left, 0);
    // What is refused is refused as a whole. More than there is room for ever is not refused for ever.
    assert_eq!(world.database.number("SELECT COUNT(*) FROM threads").await, 6);
    let bob = world.user("bob").await;
    let answer = Transport::Http.ask(&world.server, Some(&bob.token), rooms(10)).await;
    answer.ok("/a9/thread/id");
    too_often(&bob.try_create_room("one more").await);
}

async fn changes_queries_and_signals_are_counted_apart(engine: Engine) {
    let few = [("LINNET_READS_PER_MINUTE", "3"), ("LINNET_WRITES_PER_MINUTE", "4"), ("LINNET_SIGNALS_PER_MINUTE", "2")];
    let world = counting(engine, &few).await;
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    for _ in 0..2 {
        alice.try_type(&room).await.ok("/typingSignal/errors");
    }
    too_often(&alice.try_type(&room).await);
    for number in 0..3 {
        alice.send(&room, &number.to_string()).await;
    }
    too_often(&alice.try_send(&room, "one more").await);
    for _ in 0..3 {
        alice.graphql(QUERY, Value::Null).await.ok("/viewer/user/id");
    }
    too_often(&alice.graphql(QUERY, Value::Null).await);
    too_often(&alice.try_type(&room).await);
}

async fn ten_accounts_worth_may_come_from_an_address(engine: Engine) {
    let world = counting(engine, &[("LINNET_READS_PER_MINUTE", "3")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let document = "{ __typename }";
    for _ in 0..3 {
        alice.graphql(document, Value::Null).await.ok("/__typename");
    }
    too_often(&alice.graphql(document, Value::Null).await);
    // Others at the same address have their own, until all of them together have had ten times as much.
    bob.graphql(document, Value::Null).await.ok("/__typename");
    let mut asked = 0;
    let refusal = loop {
        let answer = world.anonymous.graphql(document, Value::Null).await;
        if answer.json.get("errors").is_some() {
            break answer;
        }
        asked += 1;
    };
    too_often(&refusal);
    // Whatever else came from the address may count, too.
    assert!((15..=30).contains(&asked), "{asked} of 30");
    too_often(&bob.graphql(document, Value::Null).await);
}

async fn a_trusted_proxy_says_whose_address_it_is(engine: Engine) {
    let settings = [("LINNET_READS_PER_MINUTE", "1"), ("LINNET_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8")];
    let world = counting(engine, &settings).await;
    // Each as often as an address may, by all the ways in which it can be written.
    let addresses: [&[&str]; 3] = [
        &[
            "198.51.100.1",
            "6.6.6.6, 198.51.100.1",
            "198.51.100.1, 10.1.2.3",
            "198.51.100.1:4711",
            "::ffff:198.51.100.1",
        ],
        &["198.51.100.2", "198.51.100.1, 198.51.100.2"],
        &["2001:db8::1", "2001:db8::ffff", "[2001:db8:0:0:1::2]:443", "2001:DB8::3, 10.0.0.1"],
    ];
    for ways in addresses {
        for number in 0..10 {
            assert_eq!(ask_from(&world, None, Some(ways[number % ways.len()])).await, 200, "{ways:?}, {number}");
        }
        for way in ways {
            assert_eq!(ask_from(&world, None, Some(way)).await, 429, "{way}");
        }
    }
    for way in ["198.51.100.3", "2001:db8:0:1::1", "198.51.100.1, 198.51.100.4"] {
        assert_eq!(ask_from(&world, None, Some(way)).await, 200, "{way} is another");
    }
    assert_eq!(ask_from(&world, None, None).await, 200, "so is who comes directly");
    // A session says where it is from.
    let input = json!({ "username": "guest" });
    let document =
        "mutation($input: SessionCreateGuestInput!) { sessionCreateGuest(input: $input) { session { ipAddress } } }";
    let request = world.server.http().post(world.server.at("/graphql")).header("x-forwarded-for", "198.51.100.77");
    let answer = request.json(&json!({ "query": document, "variables": { "input": input } })).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["data"]["sessionCreateGuest"]["session"]["ipAddress"], "198.51.100.77", "{answer}");
}

async fn without_a_trusted_proxy_the_header_counts_for_nothing(engine: Engine) {
    for trusted in ["", "192.0.2.0/24"] {
        let settings = [("LINNET_READS_PER_MINUTE", "1"), ("LINNET_TRUSTED_PROXIES", trusted)];
        let world = counting(engine, &settings).await;
        for number in 0..10 {
            assert_eq!(ask_from(&world, None, Some(&format!("198.51.100.{number}"))).await, 200);
        }
        assert_eq!(ask_from(&world, None, Some("198.51.100.99")).await, 429);
        assert_eq!(ask_from(&world, None, None).await, 429);
    }
}

/// The status of a query that a proxy hands on.
async fn ask_from(world: &World, user: Option<&User>, forwarded_for: Option<&str>) -> u16 {
    let mut request = world.server.http().post(world.server.at("/graphql"));
    if let Some(user) = user {
        request = request.bearer_auth(&user.token);
    }
    if let Some(address) = forwarded_for {
        request = request.header("x-forwarded-for", address);
    }
    request.json(&json!({ "query": "{ __typename }" })).send().await.unwrap().status().as_u16()
}

async fn sign_ups_are_counted_by_address(engine: Engine) {
    let settings = [("LINNET_CREDENTIALS_PER_MINUTE", "5"), ("LINNET_TRUSTED_PROXIES", "127.0.0.1")];
    let world = counting(engine, &settings).await;
    let sign_up = async |name: String, address: &str| {
        let input = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
        let query = "mutation($i: AccountCreateInput!) { accountCreate(input: $i) { user { id } errors { code } } }";
        let request = world.server.http().post(world.server.at("/graphql")).header("x-forwarded-for", address);
        let request = request.json(&json!({ "query": query, "variables": { "i": input } }));
        let answer = request.send().await.unwrap();
        Answer { status: answer.status().as_u16(), json: answer.json().await.unwrap() }
    };
    for number in 0..5 {
        sign_up(format!("user{number}"), "198.51.100.1").await.ok("/accountCreate/user/id");
    }
    for number in 5..8 {
        let answer = sign_up(format!("user{number}"), "198.51.100.1").await;
        answer.failed("RATE_LIMITED");
        assert!(answer.json["errors"][0]["extensions"]["retryAfterMs"].as_u64() > Some(0), "{}", answer.json);
    }
    sign_up("user9".to_owned(), "198.51.100.2").await.ok("/accountCreate/user/id");
    assert_eq!(world.database.number("SELECT COUNT(*) FROM users").await, 6);
}

async fn ten_sign_ins_in_one_mutation_are_ten_attempts(engine: Engine) {
    for transport in Transport::ALL {
        let world = World::start_with(engine, &[("LINNET_RATE_LIMITS", "on")]).await;
        let alice = world.user("alice").await;
        let fields: String = (0..10)
            .map(|number| format!("a{number}: sessionCreate(input: $i) {{ user {{ id }} errors {{ code }} }} "))
            .collect();
        let query = format!("mutation($i: SessionCreateInput!) {{ {fields}}}");
        let variables = json!({ "i": { "login": "alice", "password": PASSWORD } });
        let answer = transport.ask(&world.server, None, json!({ "query": query, "variables": variables })).await;
        answer.failed("RATE_LIMITED");
        let error = &answer.json["errors"][0];
        assert!(error["extensions"]["retryAfterMs"].as_u64() > Some(0) && error["path"].is_array(), "{error}");
        // Each that reached the password made a session: signing up was the first of five attempts.
        assert_eq!(world.database.number("SELECT COUNT(*) FROM user_sessions").await, 5, "{transport:?}");
        assert_eq!(alice.graphql(QUERY, Value::Null).await.text("/viewer/user/id"), alice.id, "who is in stays in");
    }
    let world = World::start_with(engine, &[("LINNET_RATE_LIMITS", "on")]).await;
    let socket = tests::Socket::connect(&world.server, None).await;
    let document =
        "mutation($l: String!) { sessionCreate(input: { login: $l, password: \"wrong wrong\" }) { errors { code } } }";
    let mut codes = Vec::new();
    for number in 0..10 {
        let mut answer = socket.subscribe(document, json!({ "l": format!("nobody{number}") })).await;
        codes.push(match answer.next().await {
            Frame::Next(payload) => match payload["errors"][0]["extensions"]["code"].as_str() {
                Some(code) => code.to_owned(),
                None => payload["data"]["sessionCreate"]["errors"][0]["code"].as_str().unwrap().to_owned(),
            },
            other => panic!("an answer is expected, not {other:?}"),
        });
    }
    let expected = [["WRONG_CREDENTIALS"; 5], ["RATE_LIMITED"; 5]].concat();
    assert_eq!(codes, expected, "whoever the attempts are at");
}

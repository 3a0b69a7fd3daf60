//! `Query.system`: how an installation is doing, for those who run it and for nobody else.

mod counted;

use serde_json::{Value, json};
use tests::{Answer, Client, Engine, Events, Frame, World, claims};

claims![
    administrators_see_how_the_node_and_the_database_are_doing,
    what_the_database_cannot_tell_is_null_with_a_reason,
    for_everybody_else_there_is_no_system,
    who_is_no_administrator_any_more_sees_none_on_an_open_socket,
    however_often_it_is_asked_for_the_database_is_asked_once,
    no_more_is_told_at_once_than_may_be_asked_for,
];

/// Everything that a database tells of itself.
const DATABASE: &str = "engine version schema sizeBytes unusedBytes startedAt connections maxConnections cacheHitRatio \
    countedSince indexes(first: 100) { name table sizeBytes scans isUnique } \
    slowestStatements(first: 100) { text calls totalMilliseconds meanMilliseconds rows } untold { field reason }";

async fn database_as_told_to(client: &Client) -> Value {
    let answer = client.graphql(&format!("{{ system {{ database {{ {DATABASE} }} }} }}"), Value::Null).await;
    answer.ok("/system/database").clone()
}

async fn administrators_see_how_the_node_and_the_database_are_doing(world: World) {
    let root = world.user("root").await;
    world.grant_admin("root").await;
    let alice = world.user("alice").await;
    let sockets = [world.socket(&alice).await, world.socket(&alice).await];
    let mut streams = vec![sockets[0].inbox(None).await, sockets[0].inbox(None).await, sockets[1].inbox(None).await];
    for stream in &mut streams {
        stream.next().await;
    }
    let watch = "subscription { inboxChanges { __typename } }";
    let mut events = Events::ask(&world.server, Some(&alice.token), watch, Value::Null).await;
    assert!(matches!(events.next().await, Frame::Next(_)));
    let node = "{ system { version startedAt uptimeSeconds connections sockets eventStreams streams \
        pool { inUse idle waiting most } database { engine version schema sizeBytes } } }";
    let answer = root.graphql(node, Value::Null).await;
    let number = |field: &str| answer.number(&format!("/system/{field}"));
    assert_eq!((number("sockets"), number("eventStreams"), number("streams")), (2, 1, 4));
    // That of the stream, and the one that this came by; a socket is no longer one of HTTP.
    assert!(number("connections") >= 2, "{}", answer.json);
    assert!(number("pool/most") >= number("pool/inUse") + number("pool/idle"), "{}", answer.json);
    assert_eq!(number("pool/waiting"), 0);
    let expected = match world.database.engine() {
        Engine::Sqlite => ("SQLITE", 5),
        Engine::Postgres => ("POSTGRES", 20),
    };
    assert_eq!((answer.text("/system/database/engine").as_str(), number("pool/most")), expected);
    let last = world.database.rows("SELECT version FROM seaql_migrations ORDER BY version DESC LIMIT 1").await;
    let last: String = last[0].try_get_by_index(0).unwrap();
    assert_eq!(answer.text("/system/database/schema"), last);
    assert!(answer.ok("/system/database/sizeBytes").as_f64().unwrap() > 100_000.0);
    assert!(answer.text("/system/database/version").starts_with(|letter: char| letter.is_ascii_digit()));
    assert_eq!(answer.text("/system/version"), env!("CARGO_PKG_VERSION"));
    let (began, ran) = (answer.text("/system/startedAt"), number("uptimeSeconds"));
    world.server.advance_clock(std::time::Duration::from_secs(3600)).await;
    let root = world.anonymous.sign_in("root").await;
    let later = root.graphql("{ system { startedAt uptimeSeconds sockets } }", Value::Null).await;
    assert_eq!(later.text("/system/startedAt"), began);
    assert!((3600..3700).contains(&(later.number("/system/uptimeSeconds") - ran)), "{}", later.json);
}

async fn what_the_database_cannot_tell_is_null_with_a_reason(world: World) {
    let root = world.user("root").await;
    world.grant_admin("root").await;
    let told = database_as_told_to(&root).await;
    let nulls: Vec<_> = told.as_object().unwrap().iter().filter(|(_, value)| value.is_null()).collect();
    let mut untold: Vec<_> =
        told["untold"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
    let mut nulls: Vec<_> = nulls.into_iter().map(|(name, _)| name.as_str()).collect();
    nulls.sort_unstable();
    untold.sort_unstable();
    assert_eq!(nulls, untold, "{told}");
    assert!(told["untold"].as_array().unwrap().iter().all(|one| one["reason"].as_str().unwrap().len() > 10), "{told}");
    // Nothing has switched it on.
    assert!(untold.contains(&"slowestStatements"), "{told}");
    match world.database.engine() {
        Engine::Sqlite => assert!(told["unusedBytes"].is_number() && told["indexes"].is_null()),
        Engine::Postgres => {
            assert!(told["connections"].as_i64().unwrap() >= 1 && told["maxConnections"].as_i64().unwrap() >= 20);
            assert!((0.0..=1.0).contains(&told["cacheHitRatio"].as_f64().unwrap()), "{told}");
            assert!(told["startedAt"].is_string() && !told["indexes"].as_array().unwrap().is_empty());
        }
    }
}

async fn for_everybody_else_there_is_no_system(world: World) {
    let [root, alice] = world.users(["root", "alice"]).await;
    world.grant_admin("root").await;
    let guest = world.guest("visitor").await;
    let keys = [root.create_key(&["READ"]).await.user, root.create_key(&["READ", "WRITE"]).await.user];
    let callers = [&alice, &guest, &keys[0], &keys[1]].map(|user| (**user).clone());
    for caller in callers.iter().chain([&world.anonymous]) {
        let answer =
            caller.graphql(&format!("{{ system {{ version database {{ {DATABASE} }} }} }}"), Value::Null).await;
        assert_eq!(answer.json["data"], json!({ "system": null }), "{}", answer.json);
        assert!(answer.json.get("errors").is_none(), "{}", answer.json);
    }
    root.graphql("{ system { version } }", Value::Null).await.text("/system/version");
}

async fn who_is_no_administrator_any_more_sees_none_on_an_open_socket(world: World) {
    let root = world.user("root").await;
    world.grant_admin("root").await;
    let socket = world.socket(&root).await;
    let ask = async || {
        let Frame::Next(payload) = socket.subscribe("{ system { version } }", Value::Null).await.next().await else {
            panic!("an answer is expected")
        };
        payload["data"]["system"].clone()
    };
    assert!(ask().await.is_object());
    let output = world.command(&["user", "revoke-admin", "root", "--even-the-last"]).await;
    assert!(output.status.success());
    assert!(ask().await.is_null());
}

async fn however_often_it_is_asked_for_the_database_is_asked_once(world: World) {
    let root = world.user("root").await;
    world.grant_admin("root").await;
    let many: Vec<_> = (0..10).map(|n| format!("s{n}: system {{ database {{ {DATABASE} }} }}")).collect();
    let document = format!("{{ {} }}", many.join(" "));
    let statements = async || {
        world.server.record_statements().await;
        root.graphql(&document, Value::Null).await.ok("/s9/database/engine");
        // What goes on beside it is not its.
        let sent = world.server.statements().await;
        let of_it = ["pg_stat", "pg_database_size", "pragma_", "sqlite_version", "seaql_migrations"];
        sent.iter().filter(|one| of_it.iter().any(|word| one.sql.contains(word))).count()
    };
    let first = statements().await;
    assert!((2..=4).contains(&first), "{first} statements");
    assert_eq!(statements().await, 0, "what was read a moment ago is good enough");
}

async fn no_more_is_told_at_once_than_may_be_asked_for(world: World) {
    let root = world.user("root").await;
    world.grant_admin("root").await;
    for field in ["indexes(first: 0) { name }", "indexes(first: 101) { name }", "slowestStatements(first: -1) { text }"]
    {
        let answer: Answer = root.graphql(&format!("{{ system {{ database {{ {field} }} }} }}"), Value::Null).await;
        answer.failed("INVALID");
    }
}

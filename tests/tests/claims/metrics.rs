//! What operators see of a server: counted as it happens, by name as far as names go, and shown to nobody else.

use serde_json::{Value, json};
use tests::socket::Opening;
use tests::{Client, Engine, Events, Metrics, Server, Socket, World, claims, eventually};

use crate::streams::send_at_once;

claims![
    operations_are_counted_by_name_and_outcome,
    refusals_are_counted_by_reason,
    what_is_open_is_counted_and_no_longer_when_it_is_closed,
    closes_are_counted_by_code,
    what_waits_to_be_written_is_counted,
    changes_and_their_delivery_are_timed,
    who_waits_for_the_database_is_counted,
    names_have_only_so_many_series,
    metrics_are_not_for_the_world,
];

/// Waits until the metrics are as expected.
async fn until(server: &Server, what: &str, is: impl Fn(&Metrics) -> bool) {
    eventually(what, async || is(&server.metrics().await).then_some(())).await;
}

async fn operations_are_counted_by_name_and_outcome(world: World) {
    let alice = world.user("alice").await;
    let operations = "query Mine { viewer { email } } query Wrong { rooms(first: 0) { nodes { id } } } \
        mutation Make { threadCreate(input: { room: { title: \"x\" } }) { thread { id } } } \
        subscription Watch { inboxChanges { __typename } }";
    let socket = world.socket(&alice).await;
    let before = world.server.metrics().await;
    for (name, times) in [("Mine", 3), ("Wrong", 2), ("Make", 1), ("Watch", 1)] {
        for number in 0..times {
            let id = format!("{name}{number}");
            let mut answer = socket.listen(&id);
            let payload = json!({ "query": operations, "operationName": name });
            socket.say(json!({ "id": id, "type": "subscribe", "payload": payload }));
            answer.next().await;
            socket.complete(&answer);
        }
    }
    for (name, kind, outcome, times) in
        [("Mine", "query", "ok", 3.0), ("Wrong", "query", "INVALID", 2.0), ("Make", "mutation", "ok", 1.0)]
    {
        let labels = [("operation", name), ("kind", kind), ("outcome", outcome)];
        until(&world.server, name, |now| (now.sum("linnet_operations_total", &labels) - times).abs() < 0.1).await;
        assert_eq!(before.count("linnet_operations_total", &labels), 0, "nothing is counted before it happens");
    }
    let now = world.server.metrics().await;
    let took = now.sum("linnet_operation_seconds_count", &[("kind", "query")])
        - before.sum("linnet_operation_seconds_count", &[("kind", "query")]);
    assert!((took - 5.0).abs() < 0.1, "{took}");
    assert!(now.sum("linnet_operation_seconds_bucket", &[("kind", "mutation"), ("le", "+Inf")]) > 0.5);
    // Those without a name are counted as well.
    let unnamed = now.sum("linnet_operations_total", &[("operation", "")]);
    world.anonymous.graphql("{ __typename }", Value::Null).await.data();
    let and_now = world.server.metrics().await.sum("linnet_operations_total", &[("operation", "")]);
    assert!((and_now - unnamed - 1.0).abs() < 0.1, "{unnamed} and then {and_now}");
}

async fn refusals_are_counted_by_reason(world: World) {
    let too_deep = format!("{{ {}a{} }}", "a { ".repeat(100), " }".repeat(100));
    for (document, reason) in [("{ nothing }", "INVALID"), (too_deep.as_str(), "TOO_EXPENSIVE")] {
        let before = world.server.metrics().await.sum("linnet_refusals_total", &[("reason", reason)]);
        for _ in 0..3 {
            world.anonymous.graphql(document, Value::Null).await.failed(reason);
        }
        let now = world.server.metrics().await.sum("linnet_refusals_total", &[("reason", reason)]);
        assert!((now - before - 3.0).abs() < 0.1, "{reason}: {before} and then {now}");
    }
    let request = world.server.http().post(world.server.at("/graphql")).bearer_auth("nonsense");
    request.json(&json!({ "query": "{ __typename }" })).send().await.unwrap();
    let now = world.server.metrics().await;
    assert!((now.sum("linnet_refusals_total", &[("reason", "UNAUTHENTICATED")]) - 1.0).abs() < 0.1);
    assert_eq!(now.count("linnet_operations_total", &[("outcome", "TOO_EXPENSIVE")]), 0, "none of them ran");
}

async fn what_is_open_is_counted_and_no_longer_when_it_is_closed(world: World) {
    let alice = world.user("alice").await;
    let are = |sockets: f64, streams: f64, events: f64| {
        move |now: &Metrics| {
            [("linnet_sockets", sockets), ("linnet_streams", streams), ("linnet_event_streams", events)]
                .iter()
                .all(|(name, value)| (now.sum(name, &[]) - value).abs() < 0.1)
        }
    };
    let sockets = [world.socket(&alice).await, world.socket(&alice).await, Socket::open(&world.server).await];
    let mut streams = Vec::new();
    for socket in &sockets[..2] {
        for _ in 0..2 {
            streams.push(socket.inbox(None).await);
        }
    }
    let document = "subscription { inboxChanges { __typename } }";
    let events = Events::ask(&world.server, Some(&alice.token), document, Value::Null).await;
    until(&world.server, "all to be counted", are(3.0, 5.0, 1.0)).await;
    assert!(world.server.metrics().await.sum("linnet_connections", &[]) > 0.5);
    sockets[0].complete(&streams[0]);
    until(&world.server, "a stream to be gone", are(3.0, 4.0, 1.0)).await;
    events.cut();
    until(&world.server, "a stream of events to be gone", are(3.0, 3.0, 0.0)).await;
    let [first, second, third] = sockets;
    first.close();
    second.cut().await;
    third.close();
    until(&world.server, "all to be gone", are(0.0, 0.0, 0.0)).await;
}

async fn closes_are_counted_by_code(world: World) {
    let of = |code: &'static str, count: f64| {
        move |now: &Metrics| (now.sum("linnet_closes_total", &[("code", code)]) - count).abs() < 0.1
    };
    for _ in 0..2 {
        let socket = Socket::open(&world.server).await;
        socket.say_text("nonsense");
        socket.closed().await;
    }
    let socket = Socket::open(&world.server).await;
    socket.subscribe("{ __typename }", Value::Null).await;
    socket.closed().await;
    until(&world.server, "two of 4400", of("4400", 2.0)).await;
    until(&world.server, "one of 4401", of("4401", 1.0)).await;
}

async fn what_waits_to_be_written_is_counted(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let opening = Opening { receive_buffer: Some(16 * 1024), ..Opening::default() };
    let stalled = Socket::open_as(&world.server, &opening).await.unwrap_or_else(|error| panic!("no socket: {error}"));
    stalled.init(Some(&bob.token)).await;
    let mut events = stalled.events(&group, None).await;
    events.until("CaughtUp").await;
    until(&world.server, "nothing to wait", |now| now.sum("linnet_queue_bytes", &[]).abs() < 0.1).await;
    stalled.pause();
    send_at_once(&[&alice], &group, 60, &"🐘".repeat(4000)).await;
    until(&world.server, "something to wait", |now| now.sum("linnet_queue_bytes", &[]) > 100_000.0).await;
    let waiting = world.server.metrics().await.sum("linnet_queue_bytes", &[]);
    assert!(waiting < 400_000.0, "a queue is bounded: {waiting}");
    stalled.cut().await;
    until(&world.server, "nothing to wait", |now| now.sum("linnet_queue_bytes", &[]).abs() < 0.1).await;
}

async fn changes_and_their_delivery_are_timed(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    alice.send_many(&thread, 5).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events_of(&thread, None, Some(&["MESSAGE_POSTED"])).await;
    events.until("CaughtUp").await;
    let before = world.server.metrics().await;
    send_at_once(&[&alice], &thread, 20, "hello").await;
    for _ in 0..20 {
        events.event().await;
    }
    let since = |now: &Metrics, name: &str| now.sum(name, &[]) - before.sum(name, &[]);
    until(&world.server, "twenty changes and deliveries", |now| {
        since(now, "linnet_commit_seconds_count") > 19.5 && since(now, "linnet_delivery_seconds_count") > 19.5
    })
    .await;
    let now = world.server.metrics().await;
    assert!(since(&now, "linnet_delivery_seconds_count") < 30.5, "the backlog is not counted as delivered late");
    let seconds = since(&now, "linnet_delivery_seconds_sum");
    assert!(seconds > 0.0 && seconds < 20.0 * 30.0, "{seconds} s");
    // Changes that are committed together: as many batches as there were commits, with all of the changes.
    let (batches, changes) = (since(&now, "linnet_batch_size_count"), since(&now, "linnet_batch_size_sum"));
    assert!(batches > 0.5 && changes > 19.5 && batches <= changes, "{changes} changes in {batches} batches");
}

async fn who_waits_for_the_database_is_counted(engine: Engine) {
    let settings = [("LINNET_DATABASE_MAX_CONNECTIONS", "1"), ("LINNET_DATABASE_ACQUIRE_TIMEOUT_MS", "20000")];
    let world = World::start_with(engine, &settings).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    until(&world.server, "nobody to wait", |now| {
        now.count("linnet_database_waiting", &[]) == 1 && now.sum("linnet_database_waiting", &[]) < 0.5
    })
    .await;
    // Somebody else has what a change needs.
    let (lock, release) = match engine {
        Engine::Sqlite => ("BEGIN IMMEDIATE", "ROLLBACK"),
        Engine::Postgres => ("BEGIN; LOCK TABLE messages IN ACCESS EXCLUSIVE MODE", "ROLLBACK"),
    };
    let connection = world.database.connect().await;
    execute(&connection, lock).await;
    let sends = (0..5).map(|number| {
        let (alice, thread) = (alice.clone(), thread.clone());
        tokio::spawn(async move { alice.try_send(&thread, &number.to_string()).await })
    });
    let reads = (0..3).map(|_| {
        let (bob, thread) = (bob.clone(), thread.clone());
        tokio::spawn(async move { bob.page(&thread, "last: 5").await })
    });
    let work: Vec<_> = sends.chain(reads).collect();
    until(&world.server, "a connection to be in use", |now| now.sum("linnet_database_connections_in_use", &[]) > 0.5)
        .await;
    if engine == Engine::Postgres {
        until(&world.server, "somebody to wait", |now| now.sum("linnet_database_waiting", &[]) > 0.5).await;
    }
    execute(&connection, release).await;
    for one in work {
        let _: tests::Answer = one.await.unwrap();
    }
    until(&world.server, "nobody to wait", |now| {
        now.sum("linnet_database_waiting", &[]) + now.sum("linnet_database_connections_in_use", &[]) < 0.5
    })
    .await;
}

async fn execute(connection: &sea_orm::DatabaseConnection, sql: &str) {
    use sea_orm::ConnectionTrait;
    connection.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn names_have_only_so_many_series(world: World) {
    for number in 0..250 {
        world.anonymous.graphql(&format!("query Name{number} {{ __typename }}"), Value::Null).await.data();
    }
    let long = "x".repeat(30_000);
    world.anonymous.graphql(&format!("query {long} {{ __typename }}"), Value::Null).await.data();
    for _ in 0..2 {
        world.anonymous.graphql("query Name3 { __typename }", Value::Null).await.data();
    }
    let now = world.server.metrics().await;
    let mut names = now.labels("linnet_operations_total", "operation");
    names.sort_unstable();
    names.dedup();
    assert!((190..=202).contains(&names.len()), "{} names", names.len());
    assert!(names.iter().all(|name| name.len() < 200));
    let all = now.sum("linnet_operations_total", &[("kind", "query")]);
    assert!((all - 253.0).abs() < 0.1, "{all}: those beyond are counted together");
    assert!(now.sum("linnet_operations_total", &[("operation", "(other)")]) > 48.5);
    assert!((now.sum("linnet_operations_total", &[("operation", "Name3")]) - 3.0).abs() < 0.1);
}

async fn metrics_are_not_for_the_world(engine: Engine) {
    let world = World::start(engine).await;
    let get = async |server: &Server, header: Option<(&str, &str)>| {
        let request = server.http().get(server.at("/metrics"));
        let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(get(&world.server, None).await, 200);
    for header in [("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", ""), ("forwarded", "for=127.0.0.1")] {
        assert_eq!(get(&world.server, Some(header)).await, 404, "{header:?}");
    }
    for (setting, status) in [("off", 404), ("all", 200)] {
        world.server.set("LINNET_METRICS", setting);
        world.server.restart().await;
        assert_eq!(get(&world.server, None).await, status, "{setting}");
        assert_eq!(get(&world.server, Some(("x-forwarded-for", "198.51.100.1"))).await, status, "{setting}");
        Client::anonymous(&world.server).graphql("{ __typename }", Value::Null).await.data();
    }
}

//! Lines of the log: who asked what, as far as that helps, and nothing of what was said.

use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::{Engine, Events, Server, World, claims, eventually};

claims![
    lines_of_an_operation_name_it_and_a_hashed_user,
    what_fails_is_logged_under_the_id_that_is_told,
    nothing_of_what_is_said_is_logged,
    nothing_of_what_is_said_is_logged_at_the_finest_level,
];

/// All lines of a log that has to be JSON, beside the greeting on standard output.
fn lines(server: &Server) -> Vec<Value> {
    let log = server.log();
    let lines = log.lines().filter(|line| !line.starts_with("Linnet is listening on "));
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
}

async fn lines_of_an_operation_name_it_and_a_hashed_user(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_LOG", "debug"), ("LINNET_LOG_FORMAT", "json")]).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let ask = async |token: Option<&str>, document: &str| {
        let mut request = world.server.http().post(world.server.at("/graphql")).json(&json!({ "query": document }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let line = eventually("the line of a request", async || {
            lines(&world.server).into_iter().find(|line| {
                let fields = line["fields"]["message"] == "answered";
                fields && line["span"]["request_id"] == id.as_str()
            })
        });
        line.await
    };
    let mine = ask(Some(&alice.token), "query WhoAmI { viewer { email } }").await;
    assert_eq!((&mine["span"]["operation"], &mine["fields"]["outcome"]), (&json!("WhoAmI"), &json!("ok")), "{mine}");
    let again = ask(Some(&alice.token), "query Again { rooms(first: 0) { nodes { id } } }").await;
    assert_eq!(
        (&again["span"]["operation"], &again["fields"]["outcome"]),
        (&json!("Again"), &json!("INVALID")),
        "{again}"
    );
    let others = ask(Some(&bob.token), "query WhoAmI { viewer { email } }").await;
    let nobodys = ask(None, "{ viewer { email } }").await;
    let user = |line: &Value| line["span"]["user"].as_str().unwrap_or_default().to_owned();
    assert!(user(&mine).len() >= 8 && user(&mine) == user(&again), "{mine}");
    assert!(user(&mine) != user(&others) && user(&nobodys).is_empty(), "{others} {nobodys}");
    assert!(!user(&mine).contains("alice") && !alice.id.contains(&user(&mine)), "it is hashed: {mine}");
}

async fn what_fails_is_logged_under_the_id_that_is_told(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_LOG_FORMAT", "json")]).await;
    world.server.expect_errors();
    let alice = world.user("alice").await;
    let room = alice.create_room("A room").await;
    let file = alice.share(&world.server, &room, ("a.txt", "text/plain"), b"hello").await;
    let given = alice.begin_upload("b.txt", "text/plain", 5).await;
    // Nothing is kept any more, and nothing can come in.
    for directory in ["uploads", "incoming"] {
        let directory = world.server.data().join(directory);
        std::fs::remove_dir_all(&directory).unwrap();
        std::fs::write(&directory, "").unwrap();
    }
    let put = world.server.put(&given.url, b"hello".to_vec()).await;
    let fetched = world.server.fetch(&file["url"], &[]).await;
    for answer in [put, fetched] {
        let (status, body): (_, Value) = (answer.status(), answer.json().await.unwrap());
        let id = body["errors"][0]["extensions"]["requestId"].as_str().unwrap_or_default().to_owned();
        assert!(status.is_server_error() && id.starts_with("req_"), "{status} {body}");
        let logged = async || lines(&world.server).into_iter().find(|line| line["fields"]["request_id"] == id.as_str());
        eventually("the line of a request", logged).await;
    }
}

async fn nothing_of_what_is_said_is_logged(engine: Engine) {
    says_nothing(engine, "debug").await;
}

async fn nothing_of_what_is_said_is_logged_at_the_finest_level(engine: Engine) {
    says_nothing(engine, "trace").await;
}

async fn says_nothing(engine: Engine, level: &str) {
    let world = World::start_with(engine, &[("LINNET_LOG", level), ("LINNET_LOG_FORMAT", "json")]).await;
    world.server.expect_errors();
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let socket = world.socket(&bob).await;
    let mut stream = socket.messages(&thread, None).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    let document = "subscription($t: ID!) { messageAdded(threadId: $t) { node { content metadata } } }";
    let mut events = Events::ask(&world.server, Some(&bob.token), document, json!({ "t": thread })).await;
    // By each transport, as a literal and as a variable, where it is taken and where it is refused.
    let secret = |number: usize| format!("sesame{number}sesame");
    let input =
        json!({ "threadId": thread, "content": secret(1), "clientKey": secret(2), "metadata": { "k": secret(3) } });
    let sent = alice.send_with(input).await;
    let literal = format!(
        "mutation {{ messageSend(input: {{ threadId: \"{thread}\", content: \"{}\" }}) {{ cursor }} }}",
        secret(4)
    );
    let of_alice = world.socket(&alice).await;
    for (document, variables) in [
        (literal.as_str(), Value::Null),
        ("query($s: String) { users(search: $s, first: 5) { nodes { id } } }", json!({ "s": secret(5) })),
        ("query($s: ID!) { node(id: $s) { id } }", json!({ "s": secret(6) })),
        ("query($s: Int!) { rooms(first: $s) { nodes { id } } }", json!({ "s": secret(7) })),
        (&format!("{{ {} }}", secret(8)), Value::Null),
        (
            "query($s: ID!) { thread(id: $s) { messages(first: 1, after: \"x\") { nodes { id } } } }",
            json!({ "s": thread }),
        ),
    ] {
        alice.graphql(document, variables.clone()).await;
        of_alice.subscribe(document, variables.clone()).await.next().await;
        Events::ask(&world.server, Some(&alice.token), document, variables).await.next().await;
    }
    alice.edit(&sent, &secret(9)).await;
    alice.update_profile(json!({ "bio": secret(10) })).await;
    alice.mutate("sessionCreate", json!({ "login": "alice", "password": secret(11) }), "user { id }").await;
    alice.try_create_room(&secret(12)).await.ok("/threadCreate/thread/id");
    of_alice.say_text(&format!("{{\"type\":\"{}\"}}", secret(13)));
    of_alice.closed().await;
    let request = world.server.http().post(world.server.at("/graphql")).header("content-type", "application/json");
    request.bearer_auth(secret(14)).body(format!("{{\"query\": {}", secret(15))).send().await.unwrap();
    stream.value().await;
    events.value().await;
    let again = world.anonymous.refresh(&alice.refresh_token).await;
    assert_eq!(again.revoke_session(None).await.status, 200);
    world.server.stop().await;
    let log = world.server.log();
    assert!(log.lines().count() > 20 && log.contains("answered"), "something is logged:\n{log}");
    let mut secrets: Vec<_> = (1..=15).map(secret).collect();
    secrets.extend([PASSWORD.to_owned(), "alice@example.org".to_owned()]);
    for user in [&alice, &bob, &again] {
        secrets.extend([user.token.clone(), user.refresh_token.clone()]);
    }
    for secret in secrets {
        let told: Vec<_> = log.lines().filter(|line| line.contains(&secret)).collect();
        assert!(told.is_empty(), "{secret} is in {} lines:\n{:.2000}", told.len(), told.join("\n"));
    }
}

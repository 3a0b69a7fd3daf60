//! The demo: what a person sees who tries the product for the first time.

use serde_json::{Value, json};
use tests::{Client, Database, Endpoint, Engine, Server, claims, eventually};

claims![
    the_demo_prints_accounts_that_can_sign_in_and_see_something,
    the_demo_shows_chirps_and_talk_in_the_lobby,
    the_demo_asks_the_assistant_where_there_is_one,
];

async fn the_demo_prints_accounts_that_can_sign_in_and_see_something(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[]);
    let mut command = server.command(&["seed"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {out}{err}", output.status);
    server.launch();
    server.ready().await;
    let anonymous = Client::anonymous(&server);
    let rows = database.rows("SELECT username FROM users").await;
    let known: Vec<String> = rows.iter().map(|row| row.try_get("", "username").unwrap()).collect();
    // A line with the name of an account and one more word: its password.
    let mut accounts = 0;
    for line in out.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let [username, password] = words[..] else { continue };
        if !known.iter().any(|name| name == username) {
            continue;
        }
        let input = json!({ "login": username, "password": password });
        let session = anonymous.mutate("sessionCreate", input, "accessToken").await;
        let client = anonymous.with_token(&session.text("/sessionCreate/accessToken"));
        let document = "{ viewer { user { username } threads(first: 20) { nodes { kind participantCount \
            lastMessage { content sender { username } } messages(last: 20) { nodes { content \
            sender { profile { displayName } } reactions { emoji count } } } } } } }";
        let answer = client.graphql(document, json!({})).await;
        assert_eq!(answer.text("/viewer/user/username"), username);
        let threads = answer.list("/viewer/threads/nodes");
        assert!(threads.len() >= 2, "{username} sees {} threads", threads.len());
        let messages = threads.iter().flat_map(|thread| thread["messages"]["nodes"].as_array().unwrap());
        let said = messages.filter(|message| message["content"].as_str().is_some_and(|text| !text.is_empty())).count();
        assert!(said >= 10, "{username} sees {said} messages");
        assert!(threads.iter().all(|thread| thread["lastMessage"] != Value::Null), "{username} sees an empty thread");
        accounts += 1;
    }
    assert!(accounts >= 2, "a conversation takes two who can sign in:\n{out}");
    // What was made by hand is numbered as what is sent: the next message goes on from there.
    let gaps = "SELECT COUNT(*) FROM threads t WHERE \
        t.last_seq - t.trimmed_seq <> (SELECT COUNT(*) FROM thread_events e WHERE e.thread_id = t.id) OR \
        t.message_count <> (SELECT COUNT(*) FROM messages m WHERE m.thread_id = t.id)";
    assert_eq!(database.number(gaps).await, 0);
}

async fn the_demo_shows_chirps_and_talk_in_the_lobby(engine: Engine) {
    let database = Database::create(engine).await;
    let server = Server::prepare(&database, &[("LINNET_LOBBY", "on")]);
    for _ in 0..2 {
        let mut command = server.command(&["seed"]);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    server.launch();
    server.ready().await;
    let document = "{ chirps(first: 50) { nodes { message author { username profile { displayName } } } } \
        lobby { messages(last: 50) { nodes { content sender { username kind } } } } }";
    let answer = Client::anonymous(&server).graphql(document, json!({})).await;
    let chirps = answer.list("/chirps/nodes");
    assert!((10..50).contains(&chirps.len()), "{} chirps", chirps.len());
    let authors: std::collections::BTreeSet<_> =
        chirps.iter().map(|chirp| chirp["author"]["username"].to_string()).collect();
    assert!(authors.len() >= 5, "{authors:?}");
    let said = answer.list("/lobby/messages/nodes");
    assert!(said.len() >= 5, "{said:?}");
    assert!(said.iter().any(|message| message["sender"]["kind"] == "GUEST"), "guests talk there: {said:?}");
}

async fn the_demo_asks_the_assistant_where_there_is_one(engine: Engine) {
    let (endpoint, database) = (Endpoint::start().await, Database::create(engine).await);
    let settings = endpoint.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = Server::prepare(&database, &settings);
    let mut command = server.command(&["seed"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    server.launch();
    server.ready().await;
    let answered = "SELECT COUNT(*) FROM assistant_answers WHERE status = 'answered'";
    eventually("the assistant to answer", async || (database.number(answered).await == 1).then_some(())).await;
    assert_eq!(endpoint.asked().len(), 1);
}

//! An account with a hundred thousand messages is deleted, and the server is killed half way: what others notice, and what is left.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::account::{PASSWORD, SESSION};
use tests::client::mutation_document;
use tests::{Answer, Database, Engine, User, Wallet, World};
use tokio::time::sleep;

use crate::pace::Senders;
use crate::{SETTINGS, engine, part_of};

const MESSAGES: usize = 100_000;
const THREADS: usize = 200;
const QUIET: Duration = Duration::from_secs(20);
/// In all that the account says of itself.
const CANARY: &str = "canary";
/// From where its owner signs up.
const ADDRESS: &str = "198.51.100.77";
/// Sends in one request, as many as may be; and requests at once.
const TOGETHER: usize = 10;
const AT_ONCE: usize = 20;
/// How often it is looked how far the deletion has come.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) async fn run() {
    let proxies = [("LINNET_TRUSTED_PROXIES", "127.0.0.1")];
    let settings = [SETTINGS, &tests::wallet::settings(), &proxies].concat();
    let world = World::start_with(engine(), &settings).await;
    let mut senders = Senders::new(&world).await;
    let (canary, secrets) = sign_up(&world).await;
    let friends: Vec<User> = senders.users().cloned().collect();
    let begun = Instant::now();
    let threads = fill(&canary, &friends).await;
    let account = Account::named(&world.database, CANARY).await;
    let messages = account.messages().await;
    println!("{messages} messages in {} threads, on {:?}, written in {:.1?}", threads.len(), engine(), begun.elapsed());
    // Others write where the account does, too.
    senders.write_in(friends[0].clone(), threads[0].clone());
    senders.write_in(friends[1].clone(), threads[threads.len() / 2].clone());
    let found = holding(&world.database, &secrets).await;
    assert!(found.len() > 20, "the search finds what there is: {found:?}");
    println!("  columns that tell of it      {}", found.len());

    senders.for_a_while(QUIET / 4).await;
    let ((), mut without) = senders.until(account.watch(QUIET)).await;
    let input = json!({ "password": PASSWORD });
    let begun = Instant::now();
    canary.mutate("accountDelete", input, "deletedId").await.ok("/accountDelete/deletedId");
    println!("  the mutation took            {:.1?}", begun.elapsed());
    let ((), mut during) = senders.until(account.until_messages(messages / 2)).await;
    let first = begun.elapsed();
    world.server.kill9();
    let left = account.messages().await;
    assert!(left > 0 && left < messages, "it was to be killed half way, and {left} of {messages} were left");
    world.server.restart().await;
    let back = Instant::now();
    account.until_messages(left - 1).await;
    let goes_on = back.elapsed();
    let begun = Instant::now();
    let ((), rest) = senders.until(account.until_gone()).await;
    during.0.extend(rest.0);
    println!("  half of it was done in       {first:.1?}, then the server was killed");
    println!("  it went on                   {goes_on:.1?} after the server was back: a job is held for 30 s");
    println!("  the other half was done in   {:.1?}", begun.elapsed());
    println!("  messageSend before           {}", without.told());
    println!("  messageSend meanwhile        {}", during.told());
    let ratio = during.within(0.99).as_secs_f64() / without.within(0.99).as_secs_f64();
    println!("  p99 ratio                    {ratio:.2}");
    println!("  what tells of it now         {:?}", holding(&world.database, &secrets).await);
    let without_sender = "SELECT COUNT(*) FROM messages WHERE sender_id IS NULL";
    println!("  messages without a sender    {}", world.database.number(without_sender).await);
}

/// A mutation of the account's owner, who is somewhere else than everybody.
async fn mutate(world: &World, token: Option<&str>, mutation: &str, input: Value, select: &str) -> Answer {
    let body = json!({ "query": mutation_document(mutation, select), "variables": { "input": input } });
    let request = world.server.http().post(world.server.at("/graphql"));
    let mut request = request.header("x-forwarded-for", ADDRESS).header("user-agent", "canary/1.0").json(&body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    Answer { status: answer.status().as_u16(), json: answer.json().await.unwrap() }
}

/// An account with something wherever an account can have something, and the words by which it would be known.
async fn sign_up(world: &World) -> (User, Vec<String>) {
    let device = json!({ "id": "canary-keeps-this-id", "name": "Canary's telephone", "platform": "canary-os",
        "pushToken": "canary-push-token" });
    let input = json!({ "username": CANARY, "email": "canary@example.org", "password": PASSWORD,
        "displayName": "Canary Yellow", "device": device });
    let answer = mutate(world, None, "accountCreate", input, SESSION).await;
    let canary = world.anonymous.signed_in("accountCreate", &answer);
    let by_owner = async |mutation: &str, input: Value, select: &str| {
        mutate(world, Some(&canary.token), mutation, input, select).await
    };
    let profile = json!({ "firstName": "Canary", "lastName": "Canaria", "bio": "a canary",
        "avatarUrl": "https://canary.example.org/me.png" });
    by_owner("profileUpdate", profile, "user { id }").await.ok("/profileUpdate/user");
    let key = json!({ "name": "canary's reports", "scopes": ["READ"] });
    by_owner("apiKeyCreate", key, "apiKey { id }").await.ok("/apiKeyCreate/apiKey");
    let entry =
        json!({ "entryDate": "2026-11-21", "title": "Canary", "content": "Dear diary, a canary", "mood": "canary" });
    by_owner("diaryEntryCreate", entry, "diaryEntry { id }").await.ok("/diaryEntryCreate/diaryEntry");
    let code = by_owner("referralCodeCreate", json!({}), "referralCode { code }").await;
    let code = code.text("/referralCodeCreate/referralCode/code");
    let wallet = Wallet::number(77);
    let mut signed = wallet.signed(&canary.challenge(&wallet).await);
    signed["label"] = "canary's wallet".into();
    by_owner("walletConnect", signed, "wallet { id }").await.ok("/walletConnect/wallet");
    // What was begun and is not done.
    world.anonymous.challenge(&wallet).await;
    let email = json!({ "email": "canary@example.net", "password": PASSWORD });
    by_owner("accountChangeEmail", email, "viewer { email }").await.ok("/accountChangeEmail/viewer");
    by_owner("passwordResetRequest", json!({ "email": "canary@example.org" }), "").await.ok("/passwordResetRequest");
    let wrong = json!({ "login": CANARY, "password": "not the password" });
    by_owner("sessionCreate", wrong, "user { id }").await.refused_with("sessionCreate", "WRONG_CREDENTIALS");
    (canary, vec![CANARY.into(), "canaria".into(), ADDRESS.into(), wallet.address.to_lowercase(), code.to_lowercase()])
}

/// The account's threads with its messages, all of them by way of the API.
async fn fill(canary: &User, friends: &[User]) -> Vec<String> {
    let mut threads = Vec::new();
    for number in 0..part_of(THREADS) {
        let others = [&friends[number % friends.len()], &friends[(number + 1) % friends.len()]];
        threads.push(canary.create_group(&others).await);
    }
    let requests = part_of(MESSAGES) / TOGETHER;
    for first in (0..requests).step_by(AT_ONCE) {
        let some = (first..requests.min(first + AT_ONCE))
            .map(|request| send(canary, &threads[request % threads.len()], request));
        join_all(some).await;
    }
    for thread in &threads {
        let last = friends[0].page(thread, "last: 1").await;
        if let Some(last) = last.json.pointer("/data/thread/messages/edges/0/node/id").and_then(Value::as_str) {
            canary.try_react(last, "🐤").await.ok("/reactionAdd/cursor");
        }
    }
    threads
}

/// As many messages as one request may send.
async fn send(canary: &User, thread: &str, request: usize) {
    let sends: String = (0..TOGETHER)
        .map(|number| {
            format!(
                "m{number}: messageSend(input: {{ threadId: \"{thread}\", content: \"the canary sings {request}\", \
                 clientKey: \"canary-{request}-{number}\" }}) {{ errors {{ code }} }} "
            )
        })
        .collect();
    canary.graphql(&format!("mutation {{ {sends} }}"), Value::Null).await.ok("/m0/errors");
}

/// An account on its way out: its name is gone as soon as it is deleted, its id when all is done.
struct Account<'a> {
    database: &'a Database,
    /// Its id, as a literal of the engine.
    id: String,
}

impl<'a> Account<'a> {
    async fn named(database: &'a Database, username: &str) -> Self {
        let literal = match database.engine() {
            Engine::Sqlite => "'x''' || hex(id) || ''''",
            Engine::Postgres => "'''' || id::text || ''''",
        };
        let rows = database.rows(&format!("SELECT {literal} FROM users WHERE username = '{username}'")).await;
        Self { database, id: rows[0].try_get_by_index(0).unwrap() }
    }

    /// How many messages have it as their sender.
    async fn messages(&self) -> i64 {
        self.database.number(&format!("SELECT COUNT(*) FROM messages WHERE sender_id = {}", self.id)).await
    }

    /// Waits as long as that, and looks as often as who waits for something else: looking costs, too.
    async fn watch(&self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.messages().await;
            sleep(LOOK).await;
        }
    }

    /// Waits until it is the sender of so many at the most.
    async fn until_messages(&self, count: i64) {
        while self.messages().await > count {
            sleep(LOOK).await;
        }
    }

    /// Waits until it is gone, and its last mail is, too.
    async fn until_gone(&self) {
        let left = format!("SELECT (SELECT COUNT(*) FROM users WHERE id = {}) + (SELECT COUNT(*) FROM jobs)", self.id);
        while self.database.number(&left).await > 0 {
            sleep(LOOK).await;
        }
    }
}

/// The columns of the whole database in which one of the words is.
async fn holding(database: &Database, words: &[String]) -> Vec<String> {
    let mut holding = Vec::new();
    for (table, column) in database.columns().await {
        let has = words.iter().map(|word| format!("lower(CAST(\"{column}\" AS text)) LIKE '%{word}%'"));
        let has = has.collect::<Vec<_>>().join(" OR ");
        if database.number(&format!("SELECT COUNT(*) FROM \"{table}\" WHERE {has}")).await > 0 {
            holding.push(format!("{table}.{column}"));
        }
    }
    holding
}

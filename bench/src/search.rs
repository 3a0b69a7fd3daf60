//! A million messages are searched: what a first page costs the database, whatever is searched for, and what the index costs a send.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::search::HITS;
use tests::{Client, Database, Engine, Server, User};

use crate::process::{cpu, cpu_of};
use crate::{SETTINGS, engine, part_of};

/// A seed of one has 200,000 messages.
const SCALE: usize = 5;
/// Messages that have one term, and those that others have among themselves.
const NEEDLES: usize = 1_000;
const FOREIGN: usize = 100_000;
/// Sends in one request, as many as may be; and requests at once.
const TOGETHER: usize = 10;
const AT_ONCE: usize = 20;
const SEARCHES: usize = 50;
const SENDS: usize = 1_000;

pub(crate) async fn run() {
    let database = Database::create(engine()).await;
    let server = Server::prepare(&database, &[SETTINGS, &[("LINNET_RATE_LIMITS", "off")]].concat());
    for arguments in [&["migrate", "up"][..], &["seed", "--scale", &part_of(SCALE).to_string()]] {
        let begun = Instant::now();
        let output = server.command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        println!("linnet {} took {:.0?}", arguments.join(" "), begun.elapsed());
    }
    server.launch();
    server.ready().await;
    let bench = Bench { reader: reader(&server, &database).await, database: &database, server: &server };
    bench.say().await;
    let messages = database.number("SELECT COUNT(*) FROM messages").await;
    println!("{messages} messages, on {:?}; the reader is in {} threads", engine(), bench.threads().await);
    bench.sizes(messages).await;
    if engine() == Engine::Postgres {
        database.execute("VACUUM ANALYZE").await;
    }
    println!("CPU of a first page of 20, ms, in the mean of {SEARCHES}:");
    for (what, query) in [
        ("a term of 1,000", "needle "),
        ("the beginning of one", "nee"),
        ("a term of nearly all", "the "),
        ("two letters", "th"),
        ("a phrase", "\"of the\""),
        ("100,000 of others'", "foreign "),
        ("nobody's", "nobodyhassaidthis"),
    ] {
        bench.search(what, json!({ "query": query, "first": 20 })).await;
    }
    let deep = bench.deep().await;
    bench.search("a term of 1,000, page 40", json!({ "query": "needle ", "first": 20, "after": deep })).await;
    let thread = bench.own().await;
    let with = bench.send(&thread).await;
    bench.drop_index().await;
    let without = bench.send(&thread).await;
    println!("CPU of a send, database and server, µs: {with:.0} with the index, {without:.0} without");
}

/// Signs in as whoever is in the most threads.
async fn reader(server: &Server, database: &Database) -> User {
    let anonymous = Client::anonymous(server);
    anonymous.sign_up("planner").await;
    let hash = "(SELECT password_hash FROM users WHERE username = 'planner')";
    database.execute(&format!("UPDATE users SET password_hash = {hash} WHERE password_hash IS NOT NULL")).await;
    let rows = database
        .rows(
            "SELECT u.username FROM users u JOIN thread_participants p ON p.user_id = u.id AND p.left_at IS NULL \
             WHERE u.password_hash IS NOT NULL GROUP BY u.username ORDER BY COUNT(*) DESC, u.username LIMIT 1",
        )
        .await;
    let username: String = rows[0].try_get_by_index(0).unwrap();
    anonymous.sign_in(&username).await
}

struct Bench<'a> {
    server: &'a Server,
    database: &'a Database,
    reader: User,
}

impl Bench<'_> {
    async fn own(&self) -> String {
        let threads = "{ viewer { threads(first: 100) { nodes { id kind } } } }";
        let answer = self.reader.graphql(threads, json!({})).await;
        let group = answer.list("/viewer/threads/nodes").iter().find(|thread| thread["kind"] == "GROUP").unwrap();
        group["id"].as_str().unwrap().to_owned()
    }

    async fn threads(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM thread_participants p JOIN users u ON u.id = p.user_id WHERE u.username = '{}'";
        self.database.number(&sql.replace("{}", &self.reader.username)).await
    }

    /// Says what is searched for.
    async fn say(&self) {
        let anonymous = Client::anonymous(self.server);
        let (one, other) = (anonymous.sign_up("stranger").await, anonymous.sign_up("another").await);
        let theirs = one.create_group(&[&other]).await;
        let own = self.own().await;
        fill(&one, &theirs, "something foreign that others say", part_of(FOREIGN)).await;
        fill(&self.reader, &own, "a needle in the hay", part_of(NEEDLES)).await;
    }

    async fn sizes(&self, messages: i64) {
        let sql = match self.database.engine() {
            Engine::Sqlite => {
                "SELECT SUM(pgsize) FROM dbstat WHERE name LIKE 'message_search%' OR name LIKE 'sqlite_autoindex_message_search%'"
            }
            Engine::Postgres => "SELECT pg_total_relation_size('message_search')::bigint",
        };
        println!("the index has {} bytes a message", self.database.number(sql).await / messages);
    }

    /// CPU of the database; on SQLite, which is in the server, of both.
    async fn used(&self) -> Duration {
        if self.database.engine() == Engine::Sqlite {
            return cpu(self.server);
        }
        let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'linnet'";
        let rows = self.database.rows(sql).await;
        rows.iter().map(|row| cpu_of(row.try_get_by_index::<i32>(0).unwrap().unsigned_abs())).sum()
    }

    async fn search(&self, what: &str, arguments: Value) {
        let found = self.reader.search_with(arguments.clone()).await.list(HITS).len();
        for _ in 0..10 {
            self.reader.search_with(arguments.clone()).await.data();
        }
        let before = self.used().await;
        for _ in 0..SEARCHES {
            self.reader.search_with(arguments.clone()).await.data();
        }
        let each = (self.used().await - before).as_secs_f64() * 1e3 / SEARCHES as f64;
        println!("  {what:28} {each:8.2}   ({found} found)");
    }

    /// The cursor of a page far behind the first.
    async fn deep(&self) -> String {
        let mut after = Value::Null;
        for _ in 0..8 {
            let page = self.reader.search_with(json!({ "query": "needle ", "first": 100, "after": after })).await;
            let Some(last) = page.list(HITS).last() else { break };
            after = last["cursor"].clone();
        }
        after.as_str().unwrap_or_default().to_owned()
    }

    /// CPU of a send in microseconds.
    async fn send(&self, thread: &str) -> f64 {
        let all = async || match self.database.engine() {
            Engine::Sqlite => self.used().await,
            Engine::Postgres => self.used().await + cpu(self.server),
        };
        for number in 0..SENDS / 10 {
            self.reader.send(thread, &format!("warming up {number}")).await;
        }
        let before = all().await;
        for number in 0..SENDS {
            let text = format!("the quick brown fox number {number} jumps over a lazy dog, as it always did before");
            self.reader.send(thread, &text).await;
        }
        (all().await - before).as_secs_f64() * 1e6 / SENDS as f64
    }

    /// Leaves the tables, and what makes them an index not.
    async fn drop_index(&self) {
        match self.database.engine() {
            Engine::Sqlite => {
                self.database.execute("DROP TABLE message_search_terms").await;
                self.database.execute("CREATE TABLE message_search_terms (terms)").await;
            }
            Engine::Postgres => self.database.execute("DROP INDEX message_search_found").await,
        }
    }
}

async fn fill(user: &User, thread: &str, text: &str, count: usize) {
    let requests = count.div_ceil(TOGETHER);
    for first in (0..requests).step_by(AT_ONCE) {
        let some = (first..requests.min(first + AT_ONCE)).map(|request| async move {
            let sends: String = (0..TOGETHER)
                .map(|number| {
                    format!("m{number}: messageSend(input: {{ threadId: \"{thread}\", content: \"{text} {request}\" }}) {{ errors {{ code }} }} ")
                })
                .collect();
            user.graphql(&format!("mutation {{ {sends} }}"), Value::Null).await.ok("/m0/errors");
        });
        join_all(some).await;
    }
}

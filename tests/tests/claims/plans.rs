//! Plans: at the size of a real service, every statement finds its rows by index, and touches no more than it needs.

mod literal;
mod postgres_plan;
mod sqlite_plan;
mod walk;

use std::process::Output;

use sea_orm::DatabaseConnection;
use tests::control::Statement;
use tests::{Client, Database, Endpoint, Engine, Server, User, claims};

use self::walk::walk;

claims![heavy_every_statement_runs_by_index];

/// The tables that grow; whoever reads one of them from end to end gets slower with every day of service.
const GROWING: &[&str] = &[
    "messages",
    "thread_events",
    "threads",
    "thread_participants",
    "users",
    "profiles",
    "user_sessions",
    "user_devices",
    "refresh_tokens",
    "api_keys",
    "audit_log",
    "read_marks",
    "message_reactions",
    "message_attachments",
    "uploads",
    "message_revisions",
    "message_search",
    "archived_threads",
    "archived_messages",
    "archived_reactions",
    "archived_attachments",
    "archived_revisions",
    "jobs",
    "failed_jobs",
    "job_batches",
    "cache",
    "cache_locks",
    "email_verification_tokens",
    "password_reset_tokens",
    "export_tokens",
    "blocks",
    "message_mentions",
    "archived_mentions",
    "room_bans",
    "thread_invitations",
    "diaries",
    "chirps",
    "chirp_events",
    "wallets",
    "wallet_nonces",
    "wallet_challenges",
    "referral_codes",
    "referrals",
    "assistant_answers",
    "assistant_attempts",
    "ai_cache",
    "nft_collections",
    "nfts",
    "minting_queue_items",
    "ledger_contracts",
    "ledger_transactions",
];

async fn heavy_every_statement_runs_by_index(engine: Engine) {
    let database = Database::create(engine).await;
    let endpoint = Endpoint::start().await;
    let of_endpoint = endpoint.settings();
    let mut settings = tests::wallet::settings();
    settings.extend(of_endpoint.iter().map(|(name, value)| (*name, value.as_str())));
    settings.extend([
        ("LINNET_WALLET_ACCOUNTS", "on"),
        // Not among the first of the users, some of whom are blocked on the way.
        ("LINNET_ASSISTANT_USERNAME", "zoe"),
        ("LINNET_ARCHIVE_ARCHIVED_DAYS", "1"),
        // Lines are removed by the hundred, when the clock is moved.
        ("LINNET_LOG_RETENTION_DAYS", "0"),
    ]);
    let server = Server::prepare(&database, &settings);
    run(&server, &["migrate", "up"]).await;
    run(&server, &["seed", "--scale", "1"]).await;
    is_as_large_as_it_says(&database).await;
    // As if all threads of the seed had been looked at: each would be another few statements of the walk.
    database.execute("UPDATE threads SET move_look_at = NULL").await;
    let connection = database.connect().await;
    if engine == Engine::Postgres {
        database.execute("VACUUM ANALYZE").await;
    }
    server.launch();
    server.ready().await;
    let reader = busiest(&server, &database).await;
    let walked = walk(&server, &reader, &endpoint).await;
    let threads = database
        .number(&format!(
            "SELECT COUNT(*) FROM thread_participants p JOIN users u ON u.id = p.user_id WHERE u.username = '{}'",
            reader.username
        ))
        .await;
    let mut faults = Vec::new();
    for (step, statements) in &walked {
        eprintln!("{step}: {} statements", statements.len());
        for statement in statements {
            faults.extend(
                faults_of(&connection, engine, statement, threads)
                    .await
                    .into_iter()
                    .map(|fault| format!("{step}: {fault}\n  {}\n  with {:?}", statement.sql, statement.values)),
            );
        }
    }
    connection.close().await.unwrap();
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{} statements are not as they should be:\n{}", faults.len(), faults.join("\n"));
}

/// What is wrong with how the engine does this.
async fn faults_of(
    connection: &DatabaseConnection,
    engine: Engine,
    statement: &Statement,
    threads: i64,
) -> Vec<String> {
    let kind = statement.sql.split_whitespace().next().unwrap_or_default().to_uppercase();
    if !["SELECT", "WITH", "UPDATE", "DELETE", "INSERT"].contains(&kind.as_str()) {
        return Vec::new();
    }
    match engine {
        Engine::Sqlite => sqlite_plan::faults(connection, &statement.sql).await,
        Engine::Postgres => postgres_plan::faults(connection, statement, threads).await,
    }
}

/// Runs one of the commands to its end, however long it takes.
async fn run(server: &Server, arguments: &[&str]) -> Output {
    let mut command = server.command(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} ended with {}: {text}", output.status);
    output
}

/// The seed is what it says: so many of everything, and shares of what messages can have.
async fn is_as_large_as_it_says(database: &Database) {
    let count = async |sql: &str| database.number(sql).await;
    assert!(count("SELECT COUNT(*) FROM users").await >= 1_000);
    assert!(count("SELECT COUNT(*) FROM threads").await >= 500);
    let messages = count("SELECT COUNT(*) FROM messages").await;
    assert!(messages >= 200_000, "{messages} messages");
    let users = count("SELECT COUNT(*) FROM users WHERE kind = 'human'").await;
    assert!(
        count("SELECT CAST(MAX(participant_count) AS BIGINT) FROM threads").await >= users.min(1_000),
        "one thread has all users"
    );
    for (what, sql, percent) in [
        ("reactions", "SELECT COUNT(DISTINCT message_id) FROM message_reactions", 20),
        ("attachments", "SELECT COUNT(DISTINCT message_id) FROM message_attachments", 5),
        ("a parent", "SELECT COUNT(*) FROM messages WHERE parent_id IS NOT NULL", 10),
    ] {
        let found = count(sql).await * 100;
        let (least, most) = (messages * (percent - 2), messages * (percent + 2));
        assert!((least..=most).contains(&found), "{found} of {messages} hundred messages have {what}: not {percent} %");
    }
    let gaps = "SELECT COUNT(*) FROM threads t WHERE t.message_count <> \
        (SELECT COUNT(*) FROM messages m WHERE m.thread_id = t.id)";
    assert_eq!(count(gaps).await, 0, "messages are counted");
}

/// Signs in as whoever has the most threads, by the password of an account made here.
async fn busiest(server: &Server, database: &Database) -> User {
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
    let username: String = rows[0].try_get("", "username").unwrap();
    anonymous.sign_in(&username).await
}

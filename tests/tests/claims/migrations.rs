//! Migrations: there and back and there again, cut short, and several at once.

mod commands;
mod racing;
mod schema;

use std::process::Output;

use tests::{Database, Engine, Server};

/// Runs `linnet migrate …` to its end; what loses something is confirmed.
fn migrate(server: &Server, arguments: &[&str]) -> Output {
    let loses = arguments.first().is_some_and(|action| ["down", "rollback", "fresh", "reset"].contains(action));
    let confirmed: &[&str] = if loses { &["--yes"] } else { &[] };
    let arguments = [&["migrate"], arguments, confirmed].concat();
    server.command(&arguments).output().unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

/// [`migrate`], which has to succeed; what it printed.
#[track_caller]
fn migrated(server: &Server, arguments: &[&str]) -> String {
    let output = migrate(server, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "migrate {arguments:?} ended with {}:\n{out}{err}", output.status);
    out + &err
}

/// Everything that the schema is made of, as the engine itself tells it: one line for each thing.
async fn schema(database: &Database) -> Vec<String> {
    let questions: &[&str] = match database.engine() {
        Engine::Sqlite => &["SELECT type || ' ' || name || ' on ' || tbl_name || ': ' || COALESCE(sql, '') AS line \
            FROM sqlite_master WHERE name <> 'sqlite_sequence' AND name NOT LIKE 'sqlite_stat%'"],
        Engine::Postgres => &[
            // A column that is dropped and added again is numbered on, so it is its place that tells.
            "SELECT concat_ws(' ', table_name, row_number() OVER (PARTITION BY table_name ORDER BY ordinal_position), \
             column_name, data_type, udt_name, collation_name, \
             character_maximum_length, is_nullable, column_default, is_identity) AS line \
             FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS line \
             FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
            "SELECT concat_ws(' ', tgrelid::regclass, pg_get_triggerdef(oid)) AS line \
             FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT concat_ws(' ', proname, prosrc) AS line FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        ],
    };
    let mut lines = Vec::new();
    for question in questions {
        let rows = database.rows(question).await;
        lines.extend(rows.iter().map(|row| row.try_get::<String>("", "line").unwrap()));
    }
    lines.sort();
    lines
}

/// `table.column` for every column of every table but the bookkeeping of the migrations themselves.
async fn columns(database: &Database) -> Vec<String> {
    let columns = database.columns().await;
    let mut lines: Vec<_> = columns.into_iter().map(|(table, column)| format!("{table}.{column}")).collect();
    lines.sort();
    lines
}

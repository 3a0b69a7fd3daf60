//! Spells SQL for the engine at hand.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// What is written on the left reads on PostgreSQL as in the middle, on SQLite as on the right.
const WORDS: &[(&str, &str, &str)] = &[
    ("{uuid}", "uuid", "blob"),
    ("{bytes}", "bytea", "blob"),
    ("{time}", "timestamptz", "text"),
    ("{date}", "date", "text"),
    ("{json}", "jsonb", "text"),
    // Keys are compared byte by byte, so that a prefix is a range and both engines sort alike.
    ("{key}", "text COLLATE \"C\"", "text"),
    ("{now}", "clock_timestamp()", "(strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'))"),
    ("{random}", "floor(random() * 4294967295)::bigint", "abs(random() % 4294967295)"),
];

/// Runs the statements of `script`, which are separated by blank lines.
///
/// A statement that begins with `-- postgres` or `-- sqlite` is for that engine alone.
pub(crate) async fn run(manager: &SchemaManager<'_>, script: &str) -> Result<(), DbErr> {
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    let other = if postgres { "-- sqlite" } else { "-- postgres" };
    for statement in script.split("\n\n").map(str::trim).filter(|text| !text.is_empty() && !text.starts_with(other)) {
        let sql = WORDS.iter().fold(statement.to_owned(), |sql, (word, on_postgres, on_sqlite)| {
            sql.replace(word, if postgres { on_postgres } else { on_sqlite })
        });
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}

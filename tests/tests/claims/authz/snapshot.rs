//! What the whole database says, so that a change that was refused is seen to have changed nothing.

use tests::{Database, Engine};

/// When something was last used is written whatever is asked for.
const OF_USE: [&str; 4] = ["last_activity_at", "last_login_at", "last_seen_at", "last_used_at"];

/// Reads all rows of all tables by one statement: a connection for each table would take most of the matrix's time.
pub(super) struct Snapshots(String);

impl Snapshots {
    pub(super) async fn of(database: &Database) -> Self {
        let mut columns = database.columns().await;
        columns.retain(|(_, column)| !OF_USE.contains(&column.as_str()));
        let tables = columns.chunk_by(|one, next| one.0 == next.0).map(|of_table| {
            let texts = of_table.iter().map(|(_, column)| match database.engine() {
                Engine::Sqlite => format!("'{column}=' || quote(\"{column}\")"),
                Engine::Postgres => format!("'{column}=' || coalesce(\"{column}\"::text, 'NULL')"),
            });
            let table = &of_table[0].0;
            format!("SELECT '{table}: ' || {} FROM \"{table}\"", texts.collect::<Vec<_>>().join(" || ' ' || "))
        });
        Self(tables.collect::<Vec<_>>().join(" UNION ALL "))
    }

    /// Each row as a line, once nothing is being done beside the requests any more.
    pub(super) async fn take(&self, database: &Database) -> Vec<String> {
        tests::job::all_done(database).await;
        let rows = database.rows(&self.0).await;
        let mut lines: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        lines.sort();
        lines
    }
}

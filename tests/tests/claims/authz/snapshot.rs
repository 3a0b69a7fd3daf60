//! What the whole database says, so that a change that was refused is seen to have changed nothing.

use tests::{Database, Engine};

/// When something was last used is written whatever is asked for.
const OF_USE: [&str; 4] = ["last_activity_at", "last_login_at", "last_seen_at", "last_used_at"];

/// All rows of all tables, each as a line, once nothing is being done beside the requests any more.
pub(super) async fn snapshot(database: &Database) -> Vec<String> {
    tests::job::all_done(database).await;
    let mut columns = database.columns().await;
    columns.retain(|(_, column)| !OF_USE.contains(&column.as_str()));
    let mut lines = Vec::new();
    for of_table in columns.chunk_by(|one, next| one.0 == next.0) {
        let texts = of_table.iter().map(|(_, column)| match database.engine() {
            Engine::Sqlite => format!("'{column}=' || quote(\"{column}\")"),
            Engine::Postgres => format!("'{column}=' || coalesce(\"{column}\"::text, 'NULL')"),
        });
        let table = &of_table[0].0;
        let sql = format!("SELECT {} FROM \"{table}\"", texts.collect::<Vec<_>>().join(" || ' ' || "));
        let rows = database.rows(&sql).await;
        lines.extend(rows.iter().map(|row| format!("{table}: {}", row.try_get_by_index::<String>(0).unwrap())));
    }
    lines.sort();
    lines
}

//! What SQLite says about how it will do something.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::GROWING;

/// The lines of the plan that read a growing table from end to end. Values are left out: SQLite plans without them.
pub(super) async fn faults(connection: &DatabaseConnection, sql: &str) -> Vec<String> {
    let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = connection.query_all_raw(explain).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
    assert!(!rows.is_empty() || sql.starts_with("INSERT"), "no plan of {sql}");
    let lines = rows.iter().map(|row| row.try_get::<String>("", "detail").unwrap());
    lines.filter(|line| scans(line, sql)).map(|line| format!("reads a whole table: {line}")).collect()
}

/// Whether a line such as `SCAN m` reads one of the growing tables, or an index of it, from its beginning. That is right for the
/// first few rows in the order of an index, and for nothing else.
fn scans(line: &str, sql: &str) -> bool {
    let mut words = line.split_whitespace();
    let first_few = line.contains("USING") && sql.contains("ORDER BY") && sql.contains("LIMIT");
    if words.next() != Some("SCAN") || first_few || line.contains("VIRTUAL TABLE") {
        return false;
    }
    let Some(name) = words.next() else { return false };
    // The plan names a table by its alias, where it has one.
    let words: Vec<_> =
        sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty()).collect();
    let aliased = words.windows(2).any(|two| GROWING.contains(&two[0]) && two[1] == name)
        || words
            .windows(3)
            .any(|three| GROWING.contains(&three[0]) && three[1].eq_ignore_ascii_case("as") && three[2] == name);
    GROWING.contains(&name) || aliased
}

#[test]
fn a_scan_is_told_from_a_search() {
    let sql = "WITH want(id) AS (SELECT value FROM json_each(?1)) \
        SELECT * FROM want JOIN messages AS m ON m.id = want.id, threads t, users";
    for line in ["SCAN m", "SCAN t", "SCAN users", "SCAN t USING COVERING INDEX y"] {
        assert!(scans(line, sql), "{line}");
    }
    for line in [
        "SCAN want",
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
        "SEARCH m USING INDEX x (id=?)",
        "SCAN CONSTANT ROW",
        "SCAN (subquery-2)",
    ] {
        assert!(!scans(line, sql), "{line}");
    }
    let oldest = "DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE sent < ?1 ORDER BY sent LIMIT 9)";
    assert!(!scans("SCAN messages USING COVERING INDEX y", oldest));
    assert!(scans("SCAN messages", oldest));
}

//! What PostgreSQL says about how it will do something, and how it did it.

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};
use serde_json::Value;
use tests::control::Statement;

use super::GROWING;
use super::literal::literal;

/// What reads a growing table from end to end, and what touches far more than it gives: with a plan for just these
/// values, and with one for any values, since the server's prepared statements may be done by either.
pub(super) async fn faults(connection: &DatabaseConnection, statement: &Statement, threads: i64) -> Vec<String> {
    let mut faults = Vec::new();
    let sql = &statement.sql;
    let mut session = connection.get_postgres_connection_pool().acquire().await.unwrap();
    run(&mut session, &format!("PREPARE q AS {sql}")).await;
    // A value that cannot be written down is one that is stored, not one that is looked for.
    let values: Vec<_> = statement.values.iter().map(|value| literal(value).unwrap_or("NULL".to_owned())).collect();
    let execute = if values.is_empty() { "EXECUTE q".to_owned() } else { format!("EXECUTE q({})", values.join(", ")) };
    let reads = ["SELECT", "WITH"].iter().any(|word| sql.starts_with(word));
    let writes = ["INSERT ", "UPDATE ", "DELETE "].iter().any(|word| sql.contains(word));
    for mode in ["force_generic_plan", "force_custom_plan"] {
        run(&mut session, &format!("SET plan_cache_mode = {mode}")).await;
        if reads && !writes {
            let done = explain(&mut session, &format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execute}")).await;
            scans(&done, mode, &mut faults);
            touches(&done, mode, threads, &mut faults);
        } else {
            let planned = explain(&mut session, &format!("EXPLAIN (FORMAT JSON) {execute}")).await;
            scans(&planned, mode, &mut faults);
        }
    }
    run(&mut session, "DEALLOCATE q").await;
    faults
}

/// By the simple protocol, which takes every kind of statement.
async fn run(session: &mut PgConnection, sql: &str) {
    let done = raw_sql(AssertSqlSafe(sql.to_owned())).execute(session).await;
    done.unwrap_or_else(|error| panic!("{error}: {sql}"));
}

/// The plan's root, as JSON.
async fn explain(session: &mut PgConnection, sql: &str) -> Value {
    let rows = raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(session).await;
    let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
    let text: String = rows[0].try_get_unchecked(0).unwrap();
    let plans: Value = serde_json::from_str(&text).unwrap();
    plans[0]["Plan"].clone()
}

fn scans(node: &Value, mode: &str, faults: &mut Vec<String>) {
    let table = node["Relation Name"].as_str().unwrap_or_default();
    if node["Node Type"] == "Seq Scan" && GROWING.contains(&table) {
        faults.push(format!("reads a whole table ({mode}): {table}"));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        scans(child, mode, faults);
    }
}

fn touches(done: &Value, mode: &str, threads: i64, faults: &mut Vec<String>) {
    let (touched, given) = (rows_touched(done), done["Actual Rows"].as_f64().unwrap_or(0.0));
    let blocks = ["Shared Hit Blocks", "Shared Read Blocks"].iter().filter_map(|key| done[*key].as_f64()).sum::<f64>();
    // A statement about all of one's threads may look at each of them, whatever it gives of them.
    let allowed = 10.0 * given + 4.0 * threads as f64 + 50.0;
    if touched > allowed {
        faults.push(format!("touches {touched} rows to give {given} ({mode}): {done}"));
    }
    if blocks > 10.0 * allowed {
        faults.push(format!("reads {blocks} pages to give {given} rows ({mode}): {done}"));
    }
}

/// Rows that the scans of the plan have looked at, those thrown away included.
fn rows_touched(node: &Value) -> f64 {
    let number = |key: &str| node[key].as_f64().unwrap_or(0.0);
    let own = if node.get("Relation Name").is_some() {
        let each = number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        each * number("Actual Loops")
    } else {
        0.0
    };
    own + node["Plans"].as_array().into_iter().flatten().map(rows_touched).sum::<f64>()
}

//! What PostgreSQL says about how it will do something, and how it did it.

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::{AssertSqlSafe, Error, PgConnection, Row, raw_sql};
use serde_json::Value;
use tests::control::Statement;

use super::GROWING;
use super::literal::literal;

/// A table of fewer rows than this is read whole in less time than an index takes, and the planner knows it.
const SMALL: i64 = 20_000;

/// What reads a growing table from end to end, and what touches far more than it gives: with a plan for just these
/// values and with one for any values, since the server's prepared statements may be done by either; as the tables are
/// now, and as if the small ones among them had grown, too.
pub(super) async fn faults(connection: &DatabaseConnection, statement: &Statement, threads: i64) -> Vec<String> {
    let sql = &statement.sql;
    let mut session = connection.get_postgres_connection_pool().acquire().await.unwrap();
    // A value that cannot be written down is one that is stored, not one that is looked for.
    let values: Vec<_> = statement.values.iter().map(|value| literal(value).unwrap_or("NULL".to_owned())).collect();
    let execute = if values.is_empty() { "EXECUTE q".to_owned() } else { format!("EXECUTE q({})", values.join(", ")) };
    let small = small_tables(&mut session).await;
    let mut faults = Vec::new();
    for plan in ["force_generic_plan", "force_custom_plan"] {
        run(&mut session, &format!("SET plan_cache_mode = {plan}")).await;
        for grown in [false, true] {
            let whole = if grown { "off" } else { "on" };
            for way in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"] {
                run(&mut session, &format!("SET {way} = {whole}")).await;
            }
            // Prepared each time, since a plan for any values is kept.
            run(&mut session, &format!("PREPARE q AS {sql}")).await;
            let done = measured(&mut session, &execute).await;
            run(&mut session, "DEALLOCATE q").await;
            let excused: &[String] = if grown { &[] } else { &small };
            let mut found = Vec::new();
            scans(&done, excused, &mut found);
            touches(&done, &small, threads, &mut found);
            faults.extend(found.into_iter().map(|fault| format!("{fault} ({plan}, as if all had grown: {grown})")));
        }
    }
    run(&mut session, "RESET ALL").await;
    faults
}

async fn small_tables(session: &mut PgConnection) -> Vec<String> {
    let sql = format!("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND reltuples < {SMALL}");
    let rows = raw_sql(AssertSqlSafe(sql)).fetch_all(session).await.unwrap();
    rows.iter().map(|row| row.try_get_unchecked(0).unwrap()).collect()
}

/// By the simple protocol, which takes every kind of statement.
async fn run(session: &mut PgConnection, sql: &str) {
    let done = raw_sql(AssertSqlSafe(sql.to_owned())).execute(session).await;
    done.unwrap_or_else(|error| panic!("{error}: {sql}"));
}

/// What was done, which is then undone. What can't be done twice, such as adding a row, is only planned.
async fn measured(session: &mut PgConnection, execute: &str) -> Value {
    run(session, "BEGIN").await;
    let done = explain(session, &format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execute}")).await;
    run(session, "ROLLBACK").await;
    match done {
        Ok(done) => done,
        Err(_) => {
            let planned = explain(session, &format!("EXPLAIN (FORMAT JSON) {execute}")).await;
            planned.unwrap_or_else(|error| panic!("{error}: {execute}"))
        }
    }
}

/// The plan's root, as JSON.
async fn explain(session: &mut PgConnection, sql: &str) -> Result<Value, Error> {
    let rows = raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(session).await?;
    let text: String = rows[0].try_get_unchecked(0)?;
    let plans: Value = serde_json::from_str(&text).expect("it is JSON");
    Ok(plans[0]["Plan"].clone())
}

fn scans(node: &Value, excused: &[String], faults: &mut Vec<String>) {
    let table = node["Relation Name"].as_str().unwrap_or_default();
    if node["Node Type"] == "Seq Scan" && GROWING.contains(&table) && !excused.iter().any(|name| name == table) {
        faults.push(format!("reads a whole table: {table}"));
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        scans(child, excused, faults);
    }
}

/// Compares what was looked at with what was given or changed, if the statement was done at all.
fn touches(done: &Value, excused: &[String], threads: i64, faults: &mut Vec<String>) {
    let (touched, given) = (rows_touched(done, excused), rows_given(done));
    let pages = ["Shared Hit Blocks", "Shared Read Blocks"].iter().filter_map(|key| done[*key].as_f64()).sum::<f64>();
    // A statement about all of one's threads may look at each of them, whatever it gives of them; and some hundreds of
    // rows are as good as a hundred looks into an index, which is what the planner expects of a list of keys.
    let allowed = 10.0 * given + 4.0 * threads as f64 + 350.0;
    if touched > allowed {
        faults.push(format!("touches {touched} rows to give {given}: {done}"));
    }
    if pages > 10.0 * allowed {
        faults.push(format!("reads {pages} pages to give {given} rows: {done}"));
    }
}

/// Rows that came out; of a change, rows that went into it.
fn rows_given(done: &Value) -> f64 {
    let node = if done["Node Type"] == "ModifyTable" { &done["Plans"][0] } else { done };
    node["Actual Rows"].as_f64().unwrap_or(0.0)
}

/// Rows that the scans of the plan have looked at, those thrown away included; but not those of a small table that was
/// read whole.
fn rows_touched(node: &Value, excused: &[String]) -> f64 {
    let number = |key: &str| node[key].as_f64().unwrap_or(0.0);
    let table = node["Relation Name"].as_str();
    let sought = ["Index Cond", "Recheck Cond"].iter().any(|condition| node.get(condition).is_some());
    let whole = !sought && excused.iter().any(|name| Some(name.as_str()) == table);
    let own = if table.is_some() && !whole {
        let each = number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        each * number("Actual Loops")
    } else {
        0.0
    };
    own + node["Plans"].as_array().into_iter().flatten().map(|child| rows_touched(child, excused)).sum::<f64>()
}

//! What PostgreSQL tells: its statistics views, of this database and of nothing that others run on the same server.

use entity::Timestamp;
use sea_orm::FromQueryResult;

use super::{INDEXES, Index, LAST_MIGRATION, Named, STATEMENTS, Statistics, Usage};
use crate::error::{Error, Result};
use crate::infra::db::{Db, Engine};

#[derive(FromQueryResult)]
struct Server {
    version: String,
    bytes: i64,
    started_at: Timestamp,
    connections: i64,
    most_connections: i64,
    hits: i64,
    reads: i64,
    counted_since: Option<Timestamp>,
    counts_statements: bool,
}

const SERVER: &str = "SELECT current_setting('server_version') AS version, \
    pg_database_size(current_database())::bigint AS bytes, pg_postmaster_start_time() AS started_at, \
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections, \
    current_setting('max_connections')::bigint AS most_connections, \
    d.blks_hit::bigint AS hits, d.blks_read::bigint AS reads, d.stats_reset AS counted_since, \
    to_regclass('pg_stat_statements') IS NOT NULL AS counts_statements \
    FROM pg_stat_database d WHERE d.datname = current_database()";

const INDEX_USES: &str = "SELECT s.indexrelname::text AS name, s.relname::text AS table_name, \
    pg_relation_size(s.indexrelid)::bigint AS bytes, s.idx_scan::bigint AS scans, i.indisunique AS is_unique \
    FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid \
    WHERE s.schemaname = current_schema() ORDER BY s.idx_scan DESC, bytes DESC, name LIMIT $1";

/// Only what this server's user ran, on this database, and only changes and queries whose values PostgreSQL has taken out: a text that has
/// any value left in it, as somebody's own at a prompt may, is not told.
const STATEMENT_USES: &str = "SELECT left(s.query, 1000) AS text, s.calls::bigint AS calls, \
    s.total_exec_time AS total_ms, s.mean_exec_time AS mean_ms, s.rows::bigint AS row_count FROM pg_stat_statements s \
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND s.userid = (SELECT oid FROM pg_roles WHERE rolname = current_user) \
    AND s.query ~* '^\\s*(select|insert|update|delete|with)\\M' \
    AND s.query !~ '''|\\$[[:alpha:]_]*\\$|--|/\\*|(^|[^$[:alnum:]_])[0-9]' \
    ORDER BY s.total_exec_time DESC LIMIT $1";

const ABSENT: &str = "The extension pg_stat_statements is not installed: docs/operators.md says how.";
const REFUSED: &str = "PostgreSQL does not let Linnet read pg_stat_statements: is it in shared_preload_libraries?";
const IDLE: &str = "Nothing was read yet.";
const NEVER: &str = "PostgreSQL's counters were never set back: they count from the beginning of the database.";
const NO_SPACE: &str = "PostgreSQL tells of unused space only by reading whole tables.";

pub(super) async fn read(db: &Db) -> Result<Statistics> {
    let server = db.one::<Server>(SERVER, []).await?;
    let server = server.ok_or_else(|| Error::internal("PostgreSQL told nothing of the database"))?;
    let schema: Option<Named> = db.one(LAST_MIGRATION, []).await?;
    let indexes: Vec<Index> = db.all(INDEX_USES, [limit(INDEXES)]).await?;
    let mut untold = vec![("unusedBytes", NO_SPACE)];
    let statements = match server.counts_statements {
        false => Err(ABSENT),
        true => db.all::<Usage>(STATEMENT_USES, [limit(STATEMENTS)]).await.map_err(|_| REFUSED),
    };
    let statements = statements.map_err(|why| untold.push(("slowestStatements", why))).ok();
    let all = server.hits + server.reads;
    if all == 0 {
        untold.push(("cacheHitRatio", IDLE));
    }
    if server.counted_since.is_none() {
        untold.push(("countedSince", NEVER));
    }
    Ok(Statistics {
        engine: Engine::Postgres,
        version: server.version,
        schema: schema.map(|row| row.name).unwrap_or_default(),
        bytes: server.bytes,
        unused_bytes: None,
        started_at: Some(server.started_at),
        connections: Some(server.connections),
        most_connections: Some(server.most_connections),
        hit_ratio: (all > 0).then(|| server.hits as f64 / all as f64),
        counted_since: server.counted_since,
        indexes: Some(indexes),
        statements,
        untold,
    })
}

fn limit(count: usize) -> sea_orm::Value {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

//! What a file of SQLite tells: what its first page says. It counts no uses.

use sea_orm::FromQueryResult;

use super::{LAST_MIGRATION, Named, Statistics};
use crate::error::Result;
use crate::infra::db::{Db, Engine};
use crate::maintenance::space;

#[derive(FromQueryResult)]
struct Version {
    version: String,
}

/// Why there is nothing to tell.
const UNTOLD: &[(&str, &str)] = &[
    ("startedAt", "SQLite is a part of this node, and began with it."),
    ("connections", "SQLite is a file: who has it open is not counted."),
    ("maxConnections", "SQLite is a file: it may be opened as often as there is memory."),
    ("cacheHitRatio", "SQLite counts for each connection by itself, and tells no statement of it."),
    ("countedSince", "SQLite counts nothing that it would tell."),
    ("indexes", "SQLite does not count how often an index is used."),
    ("slowestStatements", "SQLite keeps no statistics of statements."),
];

pub(super) async fn read(db: &Db) -> Result<Statistics> {
    let version: Option<Version> = db.one("SELECT sqlite_version() AS version", []).await?;
    let schema: Option<Named> = db.one(LAST_MIGRATION, []).await?;
    let space = space(db).await?;
    Ok(Statistics {
        engine: Engine::Sqlite,
        version: version.map(|row| row.version).unwrap_or_default(),
        schema: schema.map(|row| row.name).unwrap_or_default(),
        bytes: space.bytes(),
        unused_bytes: Some(space.unused()),
        started_at: None,
        connections: None,
        most_connections: None,
        hit_ratio: None,
        counted_since: None,
        indexes: None,
        statements: None,
        untold: UNTOLD.to_vec(),
    })
}

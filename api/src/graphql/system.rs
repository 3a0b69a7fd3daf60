//! How an installation is doing, for administrators: `Query.system`.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, SimpleObject};
use domain::access::Administrator;
use domain::infra::db::Engine;
use domain::page::bounded;
use domain::system::{self, Statistics};

use super::cursor::ITEMS;
use super::fault;
use super::nullable::{Nullable, Required};
use super::scalar::{DateTime, int};
use super::scope::{Scope, viewer};
use crate::open::Open;

#[derive(Default)]
pub(crate) struct SystemQuery;

#[Object]
impl SystemQuery {
    /// How this installation is doing, for administrators; null for everybody else, and for API keys.
    async fn system(&self, ctx: &Context<'_>) -> Nullable<System> {
        Nullable::of(async {
            let scope = Scope::of(ctx);
            let proof = Administrator::prove(scope.app(), viewer(ctx)).await.map_err(fault)?;
            Ok(proof.map(|proof| System { proof, scope }))
        })
        .await
    }
}

/// How an installation is doing: the node that answers, and the database. Nothing that anybody has written is in it.
pub(crate) struct System {
    proof: Administrator,
    scope: Scope,
}

/// How an installation is doing: the node that answers, and the database. Nothing that anybody has written is in it.
#[Object]
impl System {
    /// The version of Linnet that answers.
    async fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    /// Since when this node runs.
    async fn started_at(&self) -> DateTime {
        system::uptime(self.scope.app(), &self.proof).0.into()
    }

    /// For how many seconds this node has run.
    async fn uptime_seconds(&self) -> i32 {
        let (_, uptime) = system::uptime(self.scope.app(), &self.proof);
        i32::try_from(uptime.as_secs()).unwrap_or(i32::MAX)
    }

    /// Connections for HTTP that clients and proxies have open to this node: what became a WebSocket is counted there.
    async fn connections(&self) -> i32 {
        open(Open::Connections)
    }

    /// WebSockets that are open on this node.
    async fn sockets(&self) -> i32 {
        open(Open::Sockets)
    }

    /// Streams of server-sent events that are open on this node.
    async fn event_streams(&self) -> i32 {
        open(Open::EventStreams)
    }

    /// Subscriptions that run on this node, over either.
    async fn streams(&self) -> i32 {
        open(Open::Streams)
    }

    /// This node's connections to the database.
    async fn pool(&self) -> DatabasePool {
        let load = self.scope.app().db.load();
        let count = |count: u32| int(count.into());
        DatabasePool {
            in_use: count(load.in_use),
            idle: count(load.idle),
            waiting: count(load.waiting),
            most: count(load.most),
        }
    }

    /// What the database tells of itself. A node asks it at most once in five seconds.
    async fn database(&self) -> Required<DatabaseStatistics> {
        Required::of(async {
            let statistics = system::statistics(self.scope.app(), &self.proof).await.map_err(fault)?;
            Ok(DatabaseStatistics(statistics))
        })
        .await
    }
}

fn open(what: Open) -> i32 {
    i32::try_from(what.count()).unwrap_or(i32::MAX)
}

/// One node's connections to the database.
#[derive(SimpleObject)]
pub(crate) struct DatabasePool {
    /// Connections that work.
    in_use: i32,
    /// Connections that rest.
    idle: i32,
    /// Statements and transactions that wait for one. Above 0 for long, the database is too slow, or the pool too small.
    waiting: i32,
    /// Connections that there may be.
    most: i32,
}

/// Which database it is.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum DatabaseEngine {
    /// A file of SQLite, in this node.
    Sqlite,
    /// A server of PostgreSQL, which several nodes may share.
    Postgres,
}

/// What a database tells of itself. What it can't tell is null, and `untold` says why.
pub(crate) struct DatabaseStatistics(Arc<Statistics>);

/// What a database tells of itself. What it can't tell is null, and `untold` says why.
#[Object]
impl DatabaseStatistics {
    /// Which database it is.
    async fn engine(&self) -> DatabaseEngine {
        match self.0.engine {
            Engine::Sqlite => DatabaseEngine::Sqlite,
            Engine::Postgres => DatabaseEngine::Postgres,
        }
    }

    /// The version of the database's engine.
    async fn version(&self) -> &str {
        &self.0.version
    }

    /// The schema that it has: the name of the last migration that is applied.
    async fn schema(&self) -> &str {
        &self.0.schema
    }

    /// Bytes that it takes on disk: a whole number, which may be greater than an Int.
    async fn size_bytes(&self) -> f64 {
        self.0.bytes as f64
    }

    /// Bytes of these that nothing is in, which `linnet maintain` gives back.
    async fn unused_bytes(&self) -> Option<f64> {
        self.0.unused_bytes.map(|bytes| bytes as f64)
    }

    /// Since when the database's server runs.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.started_at.map(DateTime)
    }

    /// Clients' connections to the database's server: all nodes', and everybody else's.
    async fn connections(&self) -> Option<i32> {
        self.0.connections.map(int)
    }

    /// Connections that the database's server allows.
    async fn max_connections(&self) -> Option<i32> {
        self.0.most_connections.map(int)
    }

    /// Which part of what was read was in the database's memory: 0 to 1. Below 0.99 for long, it has too little.
    async fn cache_hit_ratio(&self) -> Option<f64> {
        self.0.hit_ratio
    }

    /// Since when the counters of reads and of uses count.
    async fn counted_since(&self) -> Option<DateTime> {
        self.0.counted_since.map(DateTime)
    }

    /// The indexes and how much they are used, those that are used most first.
    async fn indexes(
        &self,
        #[graphql(
            desc = "Only those that nothing was found by, and that keep nothing unique: the largest first.",
            default = false
        )]
        unused: bool,
        #[graphql(desc = "How many: 1 to 100; 20 if left out.")] first: Option<i32>,
    ) -> Nullable<Vec<IndexUsage>> {
        Nullable::of(async {
            let limit = limit(first)?;
            let Some(indexes) = &self.0.indexes else { return Ok(None) };
            let shown = indexes.iter().filter(|index| !unused || index.is_unused()).take(limit);
            Ok(Some(shown.cloned().map(IndexUsage::from).collect()))
        })
        .await
    }

    /// The statements that took the most time in all, the slowest first: Linnet's own, without any value.
    async fn slowest_statements(
        &self,
        #[graphql(desc = "How many: 1 to 100; 20 if left out.")] first: Option<i32>,
    ) -> Nullable<Vec<StatementUsage>> {
        Nullable::of(async {
            let limit = limit(first)?;
            let Some(statements) = &self.0.statements else { return Ok(None) };
            Ok(Some(statements.iter().take(limit).cloned().map(StatementUsage::from).collect()))
        })
        .await
    }

    /// Which of these fields are null since the database can't tell, and why.
    async fn untold(&self) -> Vec<UntoldField> {
        let untold = self.0.untold.iter();
        untold.map(|(field, reason)| UntoldField { field: (*field).into(), reason: (*reason).into() }).collect()
    }
}

fn limit(first: Option<i32>) -> async_graphql::Result<usize> {
    let limit = bounded("first", first.unwrap_or(ITEMS)).map_err(fault)?;
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// How much an index is used.
#[derive(SimpleObject)]
pub(crate) struct IndexUsage {
    /// Its name.
    name: String,
    /// The table that it is of.
    table: String,
    /// Bytes that it takes on disk: a whole number.
    size_bytes: f64,
    /// How often something was found by it: a whole number.
    scans: f64,
    /// Whether it keeps values from being there twice: then it is needed, though nothing is found by it.
    is_unique: bool,
}

impl From<system::Index> for IndexUsage {
    fn from(index: system::Index) -> Self {
        Self {
            name: index.name,
            table: index.table_name,
            size_bytes: index.bytes as f64,
            scans: index.scans as f64,
            is_unique: index.is_unique,
        }
    }
}

/// What a statement took, over all its calls.
#[derive(SimpleObject)]
pub(crate) struct StatementUsage {
    /// Its text, up to 1000 characters, in which `$1` stands for each value.
    text: String,
    /// How often it was called: a whole number.
    calls: f64,
    /// How long all calls took, in milliseconds.
    total_milliseconds: f64,
    /// How long one call took on average, in milliseconds.
    mean_milliseconds: f64,
    /// Rows that it gave or changed, in all: a whole number.
    rows: f64,
}

impl From<system::Usage> for StatementUsage {
    fn from(usage: system::Usage) -> Self {
        Self {
            text: usage.text,
            calls: usage.calls as f64,
            total_milliseconds: usage.total_ms,
            mean_milliseconds: usage.mean_ms,
            rows: usage.row_count as f64,
        }
    }
}

/// A field that is null since the database can't tell.
#[derive(SimpleObject)]
pub(crate) struct UntoldField {
    /// Its name.
    field: String,
    /// Why it can't tell, and what can be done about it.
    reason: String,
}

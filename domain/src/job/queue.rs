//! Queues: what waits together, so that it waits for nothing else, and how each stands.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};

use crate::access::Administrator;
use crate::app::App;
use crate::cache;
use crate::error::Result;

/// What waits together, so that it waits for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Mails.
    Mail,
    /// Tokens that are to be minted.
    Mint,
    /// What takes long and hurries nobody: one after the other, so that requests hardly notice.
    Slow,
    /// Answers of the assistant, which wait for somebody else's machine.
    Assistant,
}

impl Queue {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mail, Self::Mint, Self::Slow, Self::Assistant];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Mint => "mint",
            Self::Slow => "slow",
            Self::Assistant => "assistant",
        }
    }

    /// The queue of this name, if this version has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.name() == name)
    }

    /// How many jobs of it one node does at once, where `workers` is what its operator has set.
    pub(super) fn lanes(self, workers: usize) -> usize {
        match self {
            Self::Mail | Self::Mint | Self::Assistant => workers,
            Self::Slow => workers.min(1),
        }
    }
}

/// More jobs than these are not counted, so that a look costs the same however many there are.
pub const COUNTED: i64 = 10_000;
/// For how long all nodes show the same numbers.
const SHOWN: Duration = Duration::from_secs(2);

/// How a queue stands: how many jobs there are, up to [`COUNTED`] of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What it is called.
    pub name: String,
    /// Jobs that nobody has begun, and that rest after they failed.
    pub waiting: i64,
    /// Jobs that somebody has begun.
    pub running: i64,
    /// Jobs that were given up.
    pub failed: i64,
}

#[derive(FromQueryResult)]
struct Counts {
    waiting: i64,
    running: i64,
    failed: i64,
}

/// How the queues stand: for administrators.
pub async fn states(app: &Arc<App>, _: &Administrator) -> Result<Vec<State>> {
    let context = app.clone();
    cache::remember(app, "queues", SHOWN, async move || count(&context).await).await
}

async fn count(app: &App) -> Result<Vec<State>> {
    let some = |from: &str| format!("(SELECT COUNT(*) FROM (SELECT 1 AS one FROM {from} LIMIT {COUNTED}) counted)");
    let sql = format!(
        "SELECT {} AS waiting, {} AS running, {} AS failed",
        some("jobs WHERE queue = $1 AND reserved_at IS NULL"),
        some("jobs WHERE queue = $1 AND reserved_at IS NOT NULL"),
        some("failed_jobs WHERE queue = $1"),
    );
    let mut states = Vec::new();
    for queue in Queue::ALL {
        let name = queue.name();
        if let Some(Counts { waiting, running, failed }) = app.db.one(sql.as_str(), [name.into()]).await? {
            states.push(State { name: name.into(), waiting, running, failed });
        }
    }
    Ok(states)
}

//! What took some work to find out, kept for a while for all nodes. Owns `cache`.
//!
//! Each node keeps some of it in memory, for a few seconds at the most and less if the bus says that it has changed: a hint that is
//! lost, or comes while the old value is being read, costs that time. So nothing is cached by which it is decided who may what.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use entity::{Timestamp, cache_entry};
use metrics::counter;
use moka::Expiry;
use moka::sync::Cache as Memory;
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::broadcast::error::RecvError;

use crate::app::App;
use crate::error::{Error, Result};
use crate::infra::bus::Hint;
use crate::infra::db;
use crate::lock;

/// How long a value is taken from memory without a look at the database.
const TRUSTED: Duration = Duration::from_secs(3);
/// Bytes of values in memory, at the most.
const MEMORY: u64 = 16 * 1024 * 1024;
/// For how long who finds something out is waited for without a word.
const LEASE: Duration = Duration::from_secs(10);
/// How often who waits looks without a hint.
const LOOK: Duration = Duration::from_millis(200);

/// A value with the time that is left to it.
#[derive(Clone)]
struct Entry {
    value: Arc<str>,
    left: Duration,
}

/// An entry stays in memory for as long as it is good, and never for long.
struct Trust;

impl Expiry<String, Entry> for Trust {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.left.min(TRUSTED))
    }

    fn expire_after_update(&self, _: &String, entry: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.left.min(TRUSTED))
    }
}

/// What one node keeps in memory.
pub(crate) struct Cache {
    memory: Memory<String, Entry>,
    /// Who finds something out on this node; the others wait in line.
    lines: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Default for Cache {
    fn default() -> Self {
        let weight = |key: &String, entry: &Entry| u32::try_from(key.len() + entry.value.len()).unwrap_or(u32::MAX);
        let memory = Memory::builder().max_capacity(MEMORY).weigher(weight).expire_after(Trust).build();
        Self { memory, lines: Mutex::default() }
    }
}

impl Cache {
    /// The line of those who ask for a key.
    fn line(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|_, line| Arc::strong_count(line) > 1);
        lines.entry(key.to_owned()).or_default().clone()
    }
}

/// Forgets what has changed when the bus says so.
pub(crate) async fn listen(app: Arc<App>) {
    let mut hints = app.bus.listen();
    loop {
        match hints.recv().await {
            Ok(Hint::CacheDropped(key)) => app.cache.memory.invalidate(&key),
            Ok(Hint::Missed) | Err(RecvError::Lagged(_)) => app.cache.memory.invalidate_all(),
            Ok(_) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// The value of a key, if there is one and it is still good.
pub async fn get<T: DeserializeOwned>(app: &App, key: &str) -> Result<Option<T>> {
    let found = look(app, key).await?;
    found.map(|entry| read(&entry)).transpose()
}

/// Sets the value of a key, good for so long.
pub async fn put<T: Serialize>(app: &Arc<App>, key: &str, lifetime: Duration, value: &T) -> Result<()> {
    write(app, key, lifetime, serde_json::to_string(value).map_err(Error::internal)?).await.map(drop)
}

/// Takes the value of a key away.
pub async fn forget(app: &Arc<App>, key: &str) -> Result<()> {
    let (context, name) = (app.clone(), key.to_owned());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let sql = "DELETE FROM cache WHERE key = $1";
            transaction.execute_raw(context.db.engine().sql(sql, [name.clone().into()])).await?;
            announce(&context, name);
            Ok(())
        })
    });
    work.await
}

/// The value of a key; if there is none, what `find_out` finds out, good for so long. Of all who ask at once, on whatever node, one
/// finds out, and the others wait; if it fails, or its node dies, the next one does.
pub async fn remember<T, F>(
    app: &Arc<App>,
    key: &str,
    lifetime: Duration,
    find_out: impl FnOnce() -> F + Send,
) -> Result<T>
where
    T: Serialize + DeserializeOwned + Send,
    F: Future<Output = Result<T>> + Send,
{
    if let Some(entry) = in_memory(app, key) {
        return read(&entry);
    }
    let line = app.cache.line(key);
    let _turn = line.lock().await;
    let mut hints = app.bus.listen();
    loop {
        if let Some(entry) = look(app, key).await? {
            return read(&entry);
        }
        if let Some(held) = lock::take(app, &format!("remember:{key}"), LEASE).await? {
            // Whoever had it a moment ago may have found out.
            if let Some(entry) = in_database(app, key).await? {
                return read(&entry);
            }
            let found = tokio::select! {
                found = find_out() => found?,
                () = held.keep() => return Err(Error::unavailable("it took so long that another node began")),
            };
            let entry = write(app, key, lifetime, serde_json::to_string(&found).map_err(Error::internal)?).await?;
            app.cache.memory.insert(key.to_owned(), entry);
            count("miss");
            held.release().await?;
            return Ok(found);
        }
        let _ = tokio::time::timeout(LOOK, changed(&mut hints, key)).await;
    }
}

/// Returns when it is hinted at that a key has changed, or may have.
async fn changed(hints: &mut tokio::sync::broadcast::Receiver<Hint>, key: &str) {
    loop {
        match hints.recv().await {
            Ok(Hint::CacheDropped(changed)) if changed == key => return,
            Ok(Hint::Missed) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn count(found: &'static str) {
    counter!("linnet_cache_total", "found" => found).increment(1);
}

fn read<T: DeserializeOwned>(entry: &Entry) -> Result<T> {
    serde_json::from_str(&entry.value).map_err(Error::internal)
}

async fn look(app: &App, key: &str) -> Result<Option<Entry>> {
    if let Some(entry) = in_memory(app, key) {
        return Ok(Some(entry));
    }
    let found = in_database(app, key).await?;
    if found.is_some() {
        count("database");
    }
    Ok(found)
}

fn in_memory(app: &App, key: &str) -> Option<Entry> {
    let found = app.cache.memory.get(key);
    if found.is_some() {
        count("memory");
    }
    found
}

#[derive(FromQueryResult)]
struct Stored {
    value: String,
    expiration: Timestamp,
    stamp: Timestamp,
}

async fn in_database(app: &App, key: &str) -> Result<Option<Entry>> {
    let sql = format!("SELECT value, expiration, {} AS stamp FROM cache WHERE key = $1", app.db.engine().now());
    let Some(stored) = app.db.one::<Stored>(sql, [key.into()]).await? else { return Ok(None) };
    let left = (stored.expiration - app.clock.moved(stored.stamp)).to_std().unwrap_or_default();
    if left.is_zero() {
        return Ok(None);
    }
    let entry = Entry { value: stored.value.into(), left };
    app.cache.memory.insert(key.to_owned(), entry.clone());
    Ok(Some(entry))
}

async fn write(app: &Arc<App>, key: &str, lifetime: Duration, value: String) -> Result<Entry> {
    let entry = Entry { value: value.as_str().into(), left: lifetime };
    let (context, name) = (app.clone(), key.to_owned());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let now = context.clock.moved(db::stamp(transaction, engine).await?);
            let row = cache_entry::Model { key: name.clone(), value, expiration: now + lifetime };
            let sql = "INSERT INTO cache (key, value, expiration) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE \
                       SET value = excluded.value, expiration = excluded.expiration";
            let values = [row.key.into(), row.value.into(), row.expiration.into()];
            transaction.execute_raw(engine.sql(sql, values)).await?;
            announce(&context, name);
            Ok(())
        })
    });
    work.await?;
    Ok(entry)
}

/// Tells all nodes, once the transaction at hand is committed, that a key has changed: this one at once, so that what it remembers
/// next is not taken for the old value.
fn announce(app: &Arc<App>, key: String) {
    let app = app.clone();
    db::after_commit(move || {
        app.cache.memory.invalidate(&key);
        app.bus.publish_elsewhere(&Hint::CacheDropped(key));
    });
}

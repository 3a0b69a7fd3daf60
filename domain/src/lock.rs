//! Locks that the nodes of a database share: what one of them does while the others don't. Owns `cache_locks`.
//!
//! A lock is somebody's until it is released or its time is over, by the database's clock; each taking has an owner of its own, so
//! that nobody releases or renews what has become another's. Whoever writes under a lock asks [`hold`] in the transaction.

use std::sync::Arc;
use std::time::Duration;

use entity::id::LockOwnerId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};

use crate::app::App;
use crate::error::Result;
use crate::infra::db;

/// A lock that was taken. Released when it is dropped.
pub struct Held {
    app: Arc<App>,
    key: String,
    owner: LockOwnerId,
    lifetime: Duration,
    is_released: bool,
}

/// Takes a lock for some time; nothing if somebody else has it.
pub async fn take(app: &Arc<App>, key: &str, lifetime: Duration) -> Result<Option<Held>> {
    let owner = app.clock.id();
    let held = Held { app: app.clone(), key: key.to_owned(), owner, lifetime, is_released: false };
    let (context, name) = (app.clone(), held.key.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move { take_as(&context, transaction, owner, &name, lifetime).await })
    });
    // What was taken when nobody waits for it any more, or the answer is lost, is released by the guard.
    if work.await? {
        return Ok(Some(held));
    }
    held.leave();
    Ok(None)
}

/// Takes a lock in the transaction of what is done under it, and leaves it until its time is over. Whether nobody else had it.
pub(crate) async fn claim(app: &App, on: &DatabaseTransaction, key: &str, lifetime: Duration) -> Result<bool> {
    take_as(app, on, app.clock.id(), key, lifetime).await
}

async fn take_as(
    app: &App,
    on: &DatabaseTransaction,
    owner: LockOwnerId,
    key: &str,
    lifetime: Duration,
) -> Result<bool> {
    let engine = app.db.engine();
    let now = app.clock.moved(db::stamp(on, engine).await?);
    let sql = "INSERT INTO cache_locks (key, owner, expiration) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE \
               SET owner = excluded.owner, expiration = excluded.expiration WHERE cache_locks.expiration <= $4";
    let values = [key.into(), owner.into(), (now + lifetime).into(), now.into()];
    Ok(on.execute_raw(engine.sql(sql, values)).await?.rows_affected() == 1)
}

impl Held {
    /// Holds the lock for another while, and nobody else takes it before this transaction ends. Whether it is still held.
    pub async fn hold(&self, on: &DatabaseTransaction) -> Result<bool> {
        extend(&self.app, on, self.owner, &self.key, self.lifetime).await
    }

    /// Holds the lock for another while. Whether it is still held.
    pub async fn renew(&self) -> Result<bool> {
        let (app, key, owner, lifetime) = (self.app.clone(), self.key.clone(), self.owner, self.lifetime);
        let work = self
            .app
            .db
            .write(move |transaction| Box::pin(async move { extend(&app, transaction, owner, &key, lifetime).await }));
        work.await
    }

    /// Renews it for as long as this is waited for; returns when somebody else has it.
    pub async fn keep(&self) {
        loop {
            tokio::time::sleep(self.lifetime / 3).await;
            match self.renew().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(key = %self.key, ?error, "a lock was not renewed"),
            }
        }
    }

    /// Gives it back. Whether it was still held.
    pub async fn release(self) -> Result<bool> {
        let (app, key, owner) = (self.app.clone(), self.key.clone(), self.owner);
        self.leave();
        release(app, key, owner).await
    }

    /// There is nothing to give back, or it is being given back.
    fn leave(mut self) {
        self.is_released = true;
    }
}

async fn extend(
    app: &App,
    on: &DatabaseTransaction,
    owner: LockOwnerId,
    key: &str,
    lifetime: Duration,
) -> Result<bool> {
    let engine = app.db.engine();
    let until = app.clock.moved(db::stamp(on, engine).await?) + lifetime;
    let sql = "UPDATE cache_locks SET expiration = $3 WHERE key = $1 AND owner = $2";
    let values: [Value; 3] = [key.into(), owner.into(), until.into()];
    Ok(on.execute_raw(engine.sql(sql, values)).await?.rows_affected() == 1)
}

async fn release(app: Arc<App>, key: String, owner: LockOwnerId) -> Result<bool> {
    let engine = app.db.engine();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let sql = "DELETE FROM cache_locks WHERE key = $1 AND owner = $2";
            let gone = transaction.execute_raw(engine.sql(sql, [key.into(), owner.into()])).await?;
            Ok(gone.rows_affected() == 1)
        })
    });
    work.await
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_released {
            return;
        }
        let (app, key, owner) = (self.app.clone(), self.key.clone(), self.owner);
        self.app.spawn(async move {
            if let Err(error) = release(app, key, owner).await {
                tracing::warn!(?error, "a lock is not released before its time is over");
            }
        });
    }
}

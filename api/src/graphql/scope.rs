//! What the fields of an object load through: the application and a set of loaders.
//!
//! A request has one scope; an event of a stream has one for all its subscribers; a mutation's payload has one of its own,
//! so that it shows things as they are after the change.

use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use domain::access::{Reader, Viewer};
use domain::event::Entry;
use domain::{App, event};
use entity::id::UserId;

use super::fault;
use super::loader::Batch;
use super::scalar::Cursor;

/// The application and the loaders of one answer.
#[derive(Clone)]
pub(crate) struct Scope(Arc<Inner>);

struct Inner {
    app: Arc<App>,
    loader: DataLoader<Batch, HashMapCache>,
    /// For lines of a log: the messages and accounts that those read with it name. A stream shows one after the other,
    /// so what is loaded for the first is loaded for all of them.
    messages: Vec<Arc<entity::message::Model>>,
    users: Vec<UserId>,
}

impl Scope {
    /// A scope in which nothing has been loaded.
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self::among(app, Vec::new(), Vec::new())
    }

    fn among(app: Arc<App>, messages: Vec<Arc<entity::message::Model>>, users: Vec<UserId>) -> Self {
        let loader = DataLoader::with_cache(Batch(app.clone()), tokio::spawn, HashMapCache::default());
        Self(Arc::new(Inner { app, loader, messages, users }))
    }

    /// The scope of the request at hand.
    pub(crate) fn of(ctx: &Context<'_>) -> Self {
        match ctx.data_opt::<Scope>() {
            Some(scope) => scope.clone(),
            None => Self::fresh(ctx),
        }
    }

    /// A scope of its own for what a mutation answers.
    pub(crate) fn fresh(ctx: &Context<'_>) -> Self {
        Self::new(ctx.data_unchecked::<Arc<App>>().clone())
    }

    /// The scope that all who see an event share, with the events that were read with it.
    pub(crate) fn shared(app: &Arc<App>, entry: &Entry) -> Self {
        let chunk = &entry.chunk;
        let shared = chunk.shared(|| Self::among(app.clone(), chunk.messages.clone(), chunk.users.clone()));
        shared.map_or_else(|| Self::new(app.clone()), |scope| (*scope).clone())
    }

    /// The application.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.0.app
    }

    /// Loads one thing together with whatever else is asked for at the same time.
    pub(crate) async fn load<K>(&self, key: K) -> async_graphql::Result<Option<<Batch as Loader<K>>::Value>>
    where
        K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
        Batch: Loader<K, Error = Arc<domain::Error>>,
    {
        self.load_among(key, Vec::new()).await
    }

    /// As [`Scope::load`], together with what will be asked for of its neighbours.
    pub(crate) async fn load_among<K>(
        &self,
        key: K,
        mut neighbours: Vec<K>,
    ) -> async_graphql::Result<Option<<Batch as Loader<K>>::Value>>
    where
        K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
        Batch: Loader<K, Error = Arc<domain::Error>>,
    {
        neighbours.push(key.clone());
        let found = self.0.loader.load_many(neighbours).await.map_err(|error| fault(error.share()));
        Ok(found?.remove(&key))
    }

    /// The messages that are shown one after the other with this one.
    pub(crate) fn messages(&self) -> &[Arc<entity::message::Model>] {
        &self.0.messages
    }

    /// The accounts that are shown one after the other with this one.
    pub(crate) fn users(&self) -> &[UserId] {
        &self.0.users
    }

    /// The cursor of a place in a thread's log.
    pub(crate) fn cursor(&self, reader: &Reader, seq: i64) -> Cursor {
        Cursor(event::cursor(self.app(), reader.id(), seq))
    }
}

/// Who asks.
pub(crate) fn viewer<'a>(ctx: &Context<'a>) -> &'a Viewer {
    ctx.data_unchecked::<Viewer>()
}

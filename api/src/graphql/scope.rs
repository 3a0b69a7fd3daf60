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

use super::fault;
use super::loader::Batch;
use super::scalar::Cursor;

/// The application and the loaders of one answer.
#[derive(Clone)]
pub(crate) struct Scope(Arc<Inner>);

struct Inner {
    app: Arc<App>,
    loader: DataLoader<Batch, HashMapCache>,
}

impl Scope {
    /// A scope in which nothing has been loaded.
    pub(crate) fn new(app: Arc<App>) -> Self {
        let loader = DataLoader::with_cache(Batch(app.clone()), tokio::spawn, HashMapCache::default());
        Self(Arc::new(Inner { app, loader }))
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

    /// The scope that all who see one event share.
    pub(crate) fn shared(app: &Arc<App>, entry: &Entry) -> Self {
        let shared = entry.shared(|| Self::new(app.clone()));
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
        self.0.loader.load_one(key).await.map_err(|error| fault(error.share()))
    }

    /// As [`Scope::load`], where nothing to load means an empty answer.
    pub(crate) async fn load_or_default<K>(&self, key: K) -> async_graphql::Result<<Batch as Loader<K>>::Value>
    where
        K: Send + Sync + std::hash::Hash + Eq + Clone + 'static,
        Batch: Loader<K, Error = Arc<domain::Error>>,
        <Batch as Loader<K>>::Value: Default,
    {
        Ok(self.load(key).await?.unwrap_or_default())
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

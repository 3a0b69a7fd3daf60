//! What the fields of an object load through: the application, a dataloader, and what else is shown together with it.
//!
//! A scope is a set of things that are shown together: the messages of a page, the threads of a list, the lines of a log
//! that were read at once. The first field that needs something of one of them loads it for all of them, in one statement,
//! however long the list and however the executor takes turns; what was loaded is shown in a scope of its own, and so on
//! inwards. What does not belong to the set goes through the dataloader, which all scopes of an answer share. What was
//! loaded is remembered by its question, arguments and all, so that fields under other names are loaded at once, too.
//!
//! A request has a scope; so has a mutation's payload, so that it shows things as they are after the change; an event of a
//! stream has one for all its subscribers.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use domain::access::{Reader, Viewer};
use domain::chirp;
use domain::event::{Chunk, EventPage, Step};
use domain::mention::Mention;
use domain::page::Page;
use domain::receipt::Receipts;
use domain::user::Public;
use domain::{App, event};
use entity::id::{CollectionId, NftId, ReferralCodeId, ThreadId, UserId};
use entity::{assistant_answer, collection, invitation, message, nft, participant, referral, room_ban};
use tokio::sync::OnceCell;

use super::fault;
use super::loader::Batch;
use super::recall::Witness;
use super::scalar::Cursor;

/// The application, the loader of one answer, and what is shown together.
#[derive(Clone)]
pub(crate) struct Scope(Arc<Inner>);

struct Inner {
    app: Arc<App>,
    loader: Arc<DataLoader<Batch, HashMapCache>>,
    shown: Shown,
    /// Notes what an answer rests on that is kept.
    witness: Option<Arc<Witness>>,
    /// A stream outlives a restart of the database, so what its frames show waits for it.
    patient: bool,
    /// Every subscriber of an event asks here. Only what the first of them asks is remembered: what the others ask as
    /// themselves is nobody else's.
    shared: bool,
    /// What was loaded, a `Cells<K, V>` for each kind, and what was made of it: by type.
    kept: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

/// What was asked of one kind, each question in the cell of those that were loaded with it.
struct Cells<K, V>(Mutex<HashMap<K, Arc<Cell<K, V>>>>);

impl<K, V> Default for Cells<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Questions that are answered together.
struct Cell<K, V> {
    keys: Vec<K>,
    /// It is a question about something that belongs to no set.
    alone: bool,
    loaded: OnceCell<Loaded<K, V>>,
}

/// What is shown together.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) threads: Vec<Reader>,
    pub(crate) messages: Vec<Arc<message::Model>>,
    pub(crate) users: Vec<UserId>,
    pub(crate) referral_codes: Vec<ReferralCodeId>,
    pub(crate) collections: Vec<CollectionId>,
    pub(crate) nfts: Vec<NftId>,
    pub(crate) answers: Vec<Arc<assistant_answer::Model>>,
}

impl Shown {
    /// The proof to read a message that is shown beside one of `reader`'s thread.
    pub(crate) fn reader(&self, beside: &Reader, row: &message::Model) -> Option<Reader> {
        self.reader_of(beside, row.thread_id)
    }

    /// The same for something of a thread.
    pub(crate) fn reader_of(&self, beside: &Reader, thread_id: ThreadId) -> Option<Reader> {
        std::iter::once(beside).chain(&self.threads).find(|reader| reader.id() == thread_id).cloned()
    }
}

/// Answers to one question for all that is shown, and the scope in which they are shown.
struct Loaded<K, V> {
    answers: HashMap<K, Option<V>>,
    scope: Scope,
}

impl Scope {
    /// A scope in which nothing has been loaded.
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self::witnessed(app, None)
    }

    /// As [`Scope::new`], for an answer that is kept with what it rests on.
    pub(crate) fn witnessed(app: Arc<App>, witness: Option<Arc<Witness>>) -> Self {
        Self::of_answer(app, Shown::default(), witness, false, false)
    }

    /// As [`Scope::new`], for a frame of a stream.
    pub(crate) fn of_frame(app: Arc<App>) -> Self {
        Self::of_answer(app, Shown::default(), None, true, false)
    }

    fn of_answer(app: Arc<App>, shown: Shown, witness: Option<Arc<Witness>>, patient: bool, shared: bool) -> Self {
        let loader = Arc::new(DataLoader::with_cache(
            Batch(app.clone()),
            TokioSpawner::current(),
            TokioTimer::default(),
            HashMapCache::default(),
        ));
        loader.enable_all_cache(!shared);
        Self(Arc::new(Inner { app, loader, shown, witness, patient, shared, kept: Mutex::default() }))
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
        Self::new(app(ctx).clone())
    }

    /// The scope that all who stream an event share, with the events that were read with it.
    pub(crate) fn shared(app: &Arc<App>, chunk: &Arc<Chunk>) -> Self {
        let make = || {
            let (messages, users) = (chunk.messages.clone(), chunk.users.clone());
            Self::of_answer(app.clone(), Shown { messages, users, ..Shown::default() }, None, true, true)
        };
        chunk.shared(make).map_or_else(|| Self::new(app.clone()), |scope| (*scope).clone())
    }

    /// The scope of things that are shown together within this one.
    pub(crate) fn showing(&self, shown: Shown) -> Self {
        let (app, loader, witness) = (self.0.app.clone(), self.0.loader.clone(), self.0.witness.clone());
        let (patient, shared) = (self.0.patient, self.0.shared);
        Self(Arc::new(Inner { app, loader, shown, witness, patient, shared, kept: Mutex::default() }))
    }

    /// Whoever notes what the answer rests on, if it is kept.
    pub(crate) fn witness(&self) -> Option<&Witness> {
        self.0.witness.as_deref()
    }

    /// The application.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.0.app
    }

    /// Answers a question about one thing; the first time, for all that is shown, whose keys `all` names. The answer comes
    /// with the scope in which to show it.
    pub(crate) async fn load<K, V>(
        &self,
        key: K,
        all: impl FnOnce(&Shown) -> Vec<K> + Send,
    ) -> async_graphql::Result<(Option<V>, Scope)>
    where
        K: Asks + Send + Sync + Hash + Eq + Clone + 'static,
        V: Shows + Clone + Send + Sync + 'static,
        Batch: Loader<K, Value = V, Error = Arc<domain::Error>>,
    {
        let cell = self.cell(&key, all);
        let loaded = cell.loaded.get_or_try_init(|| self.fetch(&cell)).await?;
        Ok((loaded.answers.get(&key).cloned().flatten(), loaded.scope.clone()))
    }

    /// The cell of a question: that of those that it was loaded with, or else a new one.
    fn cell<K, V>(&self, key: &K, all: impl FnOnce(&Shown) -> Vec<K>) -> Arc<Cell<K, V>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        V: Send + Sync + 'static,
    {
        let cells = self.kept::<Cells<K, V>>();
        let mut cells = cells.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = cells.get(key) {
            return cell.clone();
        }
        let forgotten = self.0.shared && !cells.is_empty();
        let others = if forgotten { Vec::new() } else { all(&self.0.shown) };
        let alone = others.is_empty();
        let mut keys = HashSet::from([key.clone()]);
        keys.extend(others.into_iter().filter(|key| !cells.contains_key(key)));
        let cell = Arc::new(Cell { keys: keys.into_iter().collect(), alone, loaded: OnceCell::new() });
        if !forgotten {
            cells.extend(cell.keys.iter().map(|key| (key.clone(), cell.clone())));
        }
        cell
    }

    /// What is kept here of a type, which begins as nothing.
    pub(crate) fn kept<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        // It is there under its own type, so the downcast can't fail; another one would do no harm.
        kept.clone().downcast().unwrap_or_default()
    }

    /// Asks all that belongs together at once; what belongs to nothing, together with whatever else is asked in the same
    /// moment.
    async fn fetch<K, V>(&self, cell: &Cell<K, V>) -> async_graphql::Result<Loaded<K, V>>
    where
        K: Asks + Send + Sync + Hash + Eq + Clone + 'static,
        V: Shows + Clone + Send + Sync + 'static,
        Batch: Loader<K, Value = V, Error = Arc<domain::Error>>,
    {
        let load = || async {
            let found = if cell.alone {
                self.0.loader.load_many(cell.keys.iter().cloned()).await
            } else {
                self.0.loader.loader().load(&cell.keys).await
            };
            found.map_err(|error| error.share())
        };
        let found = if self.0.patient { event::patiently(self.app(), load).await } else { load().await };
        Ok(self.loaded(&cell.keys, found.map_err(fault)?))
    }

    fn loaded<K, V>(&self, keys: &[K], mut found: HashMap<K, V>) -> Loaded<K, V>
    where
        K: Asks + Hash + Eq + Clone,
        V: Shows,
    {
        let mut shown = Shown::default();
        found.values().for_each(|answer| answer.show(&mut shown));
        shown.threads.extend(keys.iter().filter_map(Asks::thread).cloned());
        // What was asked and not found is remembered, too.
        let answers = keys.iter().map(|key| (key.clone(), found.remove(key))).collect();
        Loaded { answers, scope: self.showing(shown) }
    }

    /// The cursor of a place in a thread's log.
    pub(crate) fn cursor(&self, reader: &Reader, seq: i64) -> Cursor {
        Cursor(event::cursor(self.app(), reader.id(), seq))
    }
}

/// A question, for what its answer is shown with.
pub(crate) trait Asks {
    /// The thread in which the answer is shown, with the proof that it may be.
    fn thread(&self) -> Option<&Reader> {
        None
    }
}

/// An answer that shows things of which something may be asked in turn.
pub(crate) trait Shows {
    /// Notes what it shows.
    fn show(&self, shown: &mut Shown);
}

impl Shows for Arc<message::Model> {
    fn show(&self, shown: &mut Shown) {
        shown.users.extend(self.sender_id);
        shown.messages.push(self.clone());
    }
}

impl Shows for Arc<entity::chirp::Model> {
    fn show(&self, shown: &mut Shown) {
        shown.users.push(self.user_id);
    }
}

impl Shows for Arc<collection::Model> {
    fn show(&self, shown: &mut Shown) {
        shown.users.extend(self.created_by);
        shown.collections.push(self.id);
    }
}

impl Shows for Arc<nft::Model> {
    fn show(&self, shown: &mut Shown) {
        shown.users.extend(self.owner_user_id);
        shown.collections.push(self.collection_id);
        shown.nfts.push(self.id);
    }
}

impl Shows for chirp::Listed {
    fn show(&self, shown: &mut Shown) {
        self.page.show(shown);
    }
}

impl Shows for Arc<assistant_answer::Model> {
    fn show(&self, shown: &mut Shown) {
        shown.answers.push(self.clone());
    }
}

impl Shows for participant::Model {
    fn show(&self, shown: &mut Shown) {
        shown.users.push(self.user_id);
    }
}

impl Shows for room_ban::Model {
    fn show(&self, shown: &mut Shown) {
        shown.users.extend(self.by_user_id);
        shown.users.push(self.user_id);
    }
}

impl Shows for invitation::Model {
    fn show(&self, shown: &mut Shown) {
        shown.users.push(self.created_by);
    }
}

impl Shows for Vec<Mention> {
    fn show(&self, shown: &mut Shown) {
        shown.users.extend(self.iter().map(|mention| mention.user_id));
    }
}

impl Shows for referral::Model {
    fn show(&self, shown: &mut Shown) {
        shown.users.push(self.referred_user_id);
    }
}

impl<T: Shows> Shows for Page<T> {
    fn show(&self, shown: &mut Shown) {
        self.items.iter().for_each(|item| item.show(shown));
    }
}

impl Shows for Arc<EventPage> {
    fn show(&self, shown: &mut Shown) {
        // All frames of a page are of one thread.
        shown.threads.extend(self.frames.first().map(|frame| frame.proof.clone()));
        for frame in &self.frames {
            let Step::Entry(entry) = &frame.step else { continue };
            entry.message.iter().for_each(|row| row.show(shown));
            shown.users.extend(entry.named());
        }
    }
}

impl Shows for Arc<Receipts> {
    fn show(&self, shown: &mut Shown) {
        shown.users.extend(self.of_members.iter().map(|receipt| receipt.user_id));
    }
}

impl Shows for Arc<Public> {
    fn show(&self, shown: &mut Shown) {
        shown.users.push(self.id);
    }
}

impl Shows for Vec<UserId> {
    fn show(&self, shown: &mut Shown) {
        shown.users.extend(self);
    }
}

/// Answers that show nothing of which anything is loaded.
macro_rules! shows_nothing {
    ($($answer:ty),*) => {$(
        impl Shows for $answer {
            fn show(&self, _: &mut Shown) {}
        }
    )*};
}

shows_nothing!(
    i64,
    bool,
    entity::wallet::Model,
    Vec<domain::reaction::Group>,
    Vec<entity::message_attachment::Model>,
    Vec<entity::message_revision::Model>
);

/// Who asks.
pub(crate) fn viewer<'a>(ctx: &Context<'a>) -> &'a Viewer {
    ctx.data_unchecked::<Viewer>()
}

/// What resolvers ask.
pub(crate) fn app<'a>(ctx: &Context<'a>) -> &'a Arc<App> {
    ctx.data_unchecked::<Arc<App>>()
}

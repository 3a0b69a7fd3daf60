//! Answers that are told again. A client that comes back to a page of a thread, or to its inbox, mostly finds what it had: one look
//! shows whether, and then the answer is the same bytes.
//!
//! An answer that is kept comes with what it rests on: the rows of its threads (their last seq tells of whatever is in them) with the
//! viewer's own, which are the proof that they may be read, and the accounts that it names. All of that is read again each time, as the
//! viewer, and has to be what it was to the last column. So nothing here decides who may what, and nothing is told that is no longer so.
//! What an answer may show to be kept is for [`super::document`] to know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DurationRound, TimeDelta};
use domain::access::{self, Reader, Viewer};
use domain::page::{Page, Window};
use domain::thread::{self, Listed};
use domain::user::{self, Public};
use domain::{App, Result};
use entity::Timestamp;
use entity::id::{ThreadId, UserId};
use futures_util::future::try_join;
use moka::sync::Cache;

/// No larger one is kept.
const LARGEST: usize = 256 * 1024;
/// For how long one is told again: addresses of files in it have to be good for a while when it is.
const LIFE: TimeDelta = TimeDelta::seconds(60);
/// Bytes of memory that an answer takes besides its text, roughly: by itself, for each thread, and for each account.
const OVERHEAD: usize = 1024;
const THREAD: usize = 1536;
const ACCOUNT: usize = 1024;

/// A question, and who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) document: Arc<str>,
    pub(crate) operation: Option<Arc<str>>,
    /// As JSON.
    pub(crate) variables: String,
    pub(crate) viewer: Option<UserId>,
    /// Whether an API key asks for them, which is not shown everything.
    pub(crate) by_key: bool,
}

/// What was read of threads for an answer.
pub(crate) enum Found {
    /// A thread, or that there is none which the viewer may read.
    Thread(ThreadId, Option<Reader>),
    /// A page of the viewer's threads.
    Threads { archived: bool, window: Window<thread::Key>, page: Page<Listed> },
}

impl Found {
    /// Whether the same is found now.
    async fn is_still_so(&self, app: &App, viewer: &Viewer) -> Result<bool> {
        Ok(match self {
            Self::Thread(id, was) => match (access::readers(app, viewer, &[*id]).await?.get(id), was) {
                (Some(now), Some(was)) => now.is_as(was),
                (None, None) => true,
                _ => false,
            },
            Self::Threads { archived, window, page } => {
                let now = thread::inbox(app, viewer, *archived, window).await?;
                let same = |(one, other): (&Listed, &Listed)| one.key == other.key && one.reader.is_as(&other.reader);
                now.has_next == page.has_next
                    && now.has_previous == page.has_previous
                    && now.items.len() == page.items.len()
                    && now.items.iter().zip(&page.items).all(same)
            }
        })
    }
}

impl Seen {
    /// Bytes of memory that it takes, roughly.
    fn size(&self) -> usize {
        let threads = self.found.iter().map(|found| match found {
            Found::Thread(..) => 1,
            Found::Threads { page, .. } => 1 + page.items.len(),
        });
        let texts =
            |user: &Public| user.bio.as_ref().map_or(0, String::len) + user.avatar_url.as_ref().map_or(0, String::len);
        let texts: usize = self.users.values().flatten().map(|user| texts(user)).sum();
        threads.sum::<usize>() * THREAD + self.users.len() * ACCOUNT + texts
    }
}

/// What an answer rests on, as it is noted while it is made.
#[derive(Default)]
pub(crate) struct Witness(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    found: Vec<Found>,
    users: HashMap<UserId, Option<Arc<Public>>>,
    /// Whether an account was read twice and had changed in between: the answer may show what it was.
    is_torn: bool,
}

impl Witness {
    /// Notes what was read of threads.
    pub(crate) fn found(&self, found: Found) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).found.push(found);
    }

    /// Notes an account, or that there is none.
    pub(crate) fn saw(&self, id: UserId, user: Option<&Arc<Public>>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { users, is_torn, .. } = &mut *seen;
        *is_torn |= users.entry(id).or_insert_with(|| user.cloned()).as_ref() != user;
    }
}

/// An answer with what it rests on.
struct Told {
    seen: Seen,
    until: Timestamp,
    json: Bytes,
}

impl Told {
    async fn holds(&self, app: &App, viewer: &Viewer) -> Result<bool> {
        let (threads, users) = try_join(self.threads_hold(app, viewer), self.users_hold(app)).await?;
        Ok(threads && users)
    }

    async fn threads_hold(&self, app: &App, viewer: &Viewer) -> Result<bool> {
        for found in &self.seen.found {
            if !found.is_still_so(app, viewer).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn users_hold(&self, app: &App) -> Result<bool> {
        let ids: Vec<UserId> = self.seen.users.keys().copied().collect();
        if ids.is_empty() {
            return Ok(true);
        }
        let now = user::by_ids(app, &ids).await?;
        Ok(self.seen.users.iter().all(|(id, was)| now.get(id) == was.as_ref()))
    }
}

/// The answers that are kept.
pub(crate) struct Recall(Cache<Question, Arc<Told>>);

impl Recall {
    /// Keeps so many bytes of answers.
    pub(crate) fn new(bytes: u64) -> Self {
        let weigh = |question: &Question, told: &Arc<Told>| {
            let text = question.document.len() + question.variables.len();
            u32::try_from(text + told.json.len() + told.seen.size() + OVERHEAD).unwrap_or(u32::MAX)
        };
        let life = LIFE.to_std().unwrap_or_default();
        Self(Cache::builder().max_capacity(bytes).weigher(weigh).time_to_live(life).build())
    }

    /// The answer to a question, if it was answered before and all that it rests on is as it was.
    pub(crate) async fn tell(&self, app: &App, viewer: &Viewer, question: &Question) -> Option<Bytes> {
        let told = self.0.get(question)?;
        let is_fresh = app.clock.now() < told.until;
        // What can't be read now is asked again by whoever answers, who says so.
        if is_fresh && told.holds(app, viewer).await.unwrap_or(false) {
            return Some(told.json.clone());
        }
        self.0.invalidate(question);
        None
    }

    /// Keeps an answer that was given without an error, with what was noted as it was made.
    pub(crate) fn keep(&self, app: &App, question: Question, witness: &Witness, json: &Bytes) {
        let seen = std::mem::take(&mut *witness.0.lock().unwrap_or_else(PoisonError::into_inner));
        if json.len() <= LARGEST && !seen.is_torn {
            let now = app.clock.now();
            // Addresses of files are others from each hour on.
            let hour = now.duration_trunc(TimeDelta::hours(1)).map_or(now, |hour| hour + TimeDelta::hours(1));
            self.0.insert(question, Arc::new(Told { seen, until: hour.min(now + LIFE), json: json.clone() }));
        }
    }
}

//! How far a stream has come, for its transport: where a client stands that came back, and where it stands now.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use entity::Timestamp;

use super::scalar::Cursor;

/// Of one operation.
#[derive(Default)]
pub(crate) struct Progress {
    resume: Option<String>,
    noted: Mutex<Noted>,
    /// What comes from here on has just happened.
    live: std::sync::atomic::AtomicBool,
}

/// What there is to know of the answer that came last.
#[derive(Default)]
pub(crate) struct Noted {
    /// Where to go on from.
    pub(crate) cursor: Option<String>,
    /// When it happened, if it has just happened.
    pub(crate) live_since: Option<Timestamp>,
}

impl Progress {
    /// Of an operation that goes on where its client stands, if that is known.
    pub(crate) fn new(resume: Option<String>) -> Self {
        Self { resume, ..Self::default() }
    }

    /// That of the operation at hand.
    pub(crate) fn of(ctx: &Context<'_>) -> Arc<Self> {
        ctx.data_opt::<Arc<Self>>().cloned().unwrap_or_default()
    }

    /// Where to begin: where the client stands by its transport's word, which is newer than that of the document.
    pub(crate) fn after(&self, given: Option<Cursor>) -> Option<Cursor> {
        self.resume.clone().map(Cursor).or(given)
    }

    /// The backlog is through.
    pub(crate) fn note_live(&self) {
        self.live.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// The answer that comes next stands here, and happened then.
    pub(crate) fn note(&self, cursor: &Cursor, happened_at: Option<Timestamp>) {
        let live = self.live.load(std::sync::atomic::Ordering::Relaxed);
        let noted = Noted { cursor: Some(cursor.0.clone()), live_since: happened_at.filter(|_| live) };
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = noted;
    }

    /// What was noted of the answer that came last.
    pub(crate) fn take(&self) -> Noted {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

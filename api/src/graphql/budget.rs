//! How much text an answer may have. What an operation costs says how many nodes it may load, not how long what they say is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::{Context, Error, ErrorExtensions, Result};

/// Bytes of text that one answer may still have.
pub(crate) struct Budget {
    most: usize,
    spent: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, spent: AtomicUsize::new(0) }
    }

    /// The next answer of a stream has as much as the first.
    pub(crate) fn renew(&self) {
        self.spent.store(0, Ordering::Relaxed);
    }

    /// Counts a text that is about to be told.
    ///
    /// Errors: TOO_EXPENSIVE once the answer at hand has more than it may.
    pub(crate) fn spend(ctx: &Context<'_>, bytes: usize) -> Result<()> {
        let Some(budget) = ctx.data_opt::<Arc<Self>>() else { return Ok(()) };
        let spent = budget.spent.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if spent <= budget.most {
            return Ok(());
        }
        let most = budget.most;
        let error = Error::new(format!("The answer would have more than {most} bytes of text: ask for less at once."));
        Err(error.extend_with(|_, extensions| {
            extensions.set("code", "TOO_EXPENSIVE");
            extensions.set("measure", "answerBytes");
            extensions.set("limit", most);
        }))
    }
}

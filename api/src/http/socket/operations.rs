//! The operations of one socket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// The operations of one socket by the ids that the client gave them. An id may be given again as soon as its operation
/// has ended, so each has a number of its own, and ends nothing but itself.
#[derive(Clone, Default)]
pub(super) struct Operations(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    next: u64,
    by_id: HashMap<String, (u64, CancellationToken)>,
}

/// Why an operation was not begun.
pub(super) enum Refused {
    IdInUse,
    TooMany,
}

impl Operations {
    fn with<T>(&self, work: impl FnOnce(&mut Open) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins an operation, unless its id is in use or there are as many as there may be. Its number is for [`Self::end`].
    pub(super) fn begin(&self, id: &str, most: usize, operation: CancellationToken) -> Result<u64, Refused> {
        self.with(|open| {
            if open.by_id.contains_key(id) {
                return Err(Refused::IdInUse);
            }
            if open.by_id.len() >= most {
                return Err(Refused::TooMany);
            }
            open.next += 1;
            open.by_id.insert(id.to_owned(), (open.next, operation));
            Ok(open.next)
        })
    }

    /// Ends the operation that has an id now, at the client's wish.
    pub(super) fn complete(&self, id: &str) {
        if let Some((_, operation)) = self.with(|open| open.by_id.remove(id)) {
            operation.cancel();
        }
    }

    /// Frees the id of an operation that has ended by itself, unless it is another's by now.
    pub(super) fn end(&self, id: &str, number: u64) {
        self.with(|open| {
            if open.by_id.get(id).is_some_and(|(current, _)| *current == number) {
                open.by_id.remove(id);
            }
        });
    }
}

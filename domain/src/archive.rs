//! The archive: where messages lie of threads in which nothing has been said for long, so that what everybody uses stays small.
//! Which tables they lie in is all that changes: a message is read, changed and streamed from there as from anywhere. (What users
//! call archiving, which makes a thread read-only, is [`crate::thread::archive`].)
//!
//! A thread's messages are moved from the front, in slices: everything up to its `moved_seq` is in the archive, everything behind
//! that is not. A slice is one transaction under the lock of the thread's row, so no message is ever in both places or in neither,
//! and no change comes in between; whoever reads asks both places in one statement ([`in_both`]), so none is missed or doubled
//! while it is moved.

mod carry;
mod shelf;
mod sweep;

pub(crate) use shelf::{ARCHIVE, IN_USE, MESSAGE, Shelf, first_in_both, in_both};
pub use sweep::{Moved, Rule, sweep};
pub(crate) use sweep::{RECURRING, run};

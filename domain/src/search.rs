//! Search: what was said in the threads that one may read, the newest first.
//!
//! Every message that says something has an entry in an index of the database's: FTS5 on SQLite, a `tsvector` with GIN on PostgreSQL.
//! What the entry holds is decided here, once for both ([`words`]): the words without case and accents, the beginnings of each,
//! so that finding a prefix is finding a word, and marks, which say in which thread the message is, whether that is a room, who sent
//! it, and what its metadata says. So a search asks for words *and* for threads that its viewer reads, and the index itself steps over
//! what is said elsewhere, however often.
//!
//! An entry is written in the transaction of its message, by the writer ([`keep`]), and is found by a number `n` that sorts as the
//! messages were sent: their milliseconds, and a counter beside them. It is of no place: a message that goes to the archive keeps its
//! entry as it is.
//!
//! The marks only choose. What is shown has been let through by the law itself, in the statement that reads the messages and by the
//! proofs that they are shown with ([`find`]).

mod backlog;
mod find;
mod index;
mod query;
mod snippet;
mod terms;
mod walk;
mod words;

pub(crate) use backlog::{fill, run};
pub use find::{Filter, Found, Hit, find};
pub(crate) use index::{Entry, OWNED, disown_some, keep, of_new};
pub use snippet::Part;

/// Bits of an entry's number that tell messages of one millisecond apart.
const SLOT_BITS: u32 = 21;

/// The first number of a millisecond.
fn first_of(millisecond: i64) -> i64 {
    millisecond.saturating_mul(1 << SLOT_BITS)
}

/// The millisecond that a number is of.
fn millisecond(n: i64) -> i64 {
    n >> SLOT_BITS
}

//! Cursors that lead nowhere any more, or never did: a stream says so, and nothing is read in silence from elsewhere.

mod lost;
mod mistaken;

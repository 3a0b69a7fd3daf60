//! What the outside world provides: a database, a bus, a clock, the mail, a place for files, a chain for tokens, a language model. Each
//! picks its backend in one `match`; nothing here knows what a thread or an account is.

pub mod bus;
pub mod chain;
pub mod clock;
pub mod db;
pub(crate) mod gather;
pub mod keys;
pub mod list;
pub mod lists;
pub mod mail;
pub mod model;
pub mod private;
pub(crate) mod rows;
pub mod storage;
mod web;

//! Claims about Linnet, each shown through its public API and on both engines. One module per noun.

// A test stops at the first thing that is not as it should be, and says so on stderr.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod access;
mod edge;
mod messages;
mod nodes;
mod pages;
mod participants;
mod protocol;
mod receipts;
mod rooms;
mod schema;
mod sessions;
mod strangers;
mod threads;
mod users;
mod validation;

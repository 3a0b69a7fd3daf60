//! Claims about Linnet, each shown through its public API and on both engines. One module per noun.

// A test stops at the first thing that is not as it should be, and says so on stderr.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod access;
mod crash;
mod cursors;
mod cuts;
mod disk;
mod edge;
mod inbox;
mod messages;
mod migrations;
mod nodes;
mod pages;
mod participants;
mod plans;
mod protocol;
mod receipts;
mod removal;
mod rooms;
mod schema;
mod seed;
mod sessions;
mod signals;
mod statements;
mod strangers;
mod streams;
mod threads;
mod users;
mod validation;

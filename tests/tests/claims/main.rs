//! Claims about Linnet, each shown through its public API and on both engines. One module per noun.

// A test stops at the first thing that is not as it should be, and says so on stderr.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod access;
mod churn;
mod closing;
mod cluster;
mod crash;
mod cursors;
mod cuts;
mod departed;
mod disk;
mod documents;
mod edge;
mod forged;
mod fuzz;
mod guard;
mod inbox;
mod jammed;
mod logins;
mod messages;
mod migrations;
mod nodes;
mod onlookers;
mod operations;
mod overtaken;
mod pages;
mod participants;
mod plans;
mod presence;
mod protocol;
mod receipts;
mod removal;
mod replies;
mod rooms;
mod schema;
mod searches;
mod seed;
mod sessions;
mod signals;
mod statements;
mod strangers;
mod streams;
mod threads;
mod users;
mod validation;

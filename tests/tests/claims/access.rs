//! Who may what: the table of ARCHITECTURE.md, a claim for each of its rows and columns.

mod anonymous;
mod archive;
mod direct;
mod group;
mod leaving;
mod messages;
mod replies;
mod room;

//! Claims about the Rust client, each shown against the real server.

// A test stops at the first thing that is not as it should be.
#![allow(clippy::unwrap_used)]

mod examples;
mod flow;
mod own;
mod requests;
mod sessions;
mod streams;
mod support;
mod types;

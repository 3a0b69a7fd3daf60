//! Exports of one's own data.

mod content;
mod links;
mod streams;

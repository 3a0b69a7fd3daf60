//! Messages: sent, edited, deleted, reacted to.

mod attachments;
mod client_keys;
mod deletion;
mod edits;
mod reactions;
mod sending;

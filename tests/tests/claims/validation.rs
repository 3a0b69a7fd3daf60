//! What is wrong with an input is told by code and place; never by a failure.

mod accounts;
mod ids;
mod messages;
mod threads;
mod zero;

//! Receipts: who has got what and read what, and what that makes of a message's status.

mod growth;
mod marks;
mod model;
mod status;

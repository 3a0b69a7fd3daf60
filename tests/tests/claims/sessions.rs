//! Sessions: signing up, in and out, and how long that lasts.

mod expiry;
mod listing;
mod others;
mod refreshing;
mod revoking;
mod signing_in;

//! Sessions: signing up, in and out, and how long that lasts.

mod expiry;
mod refreshing;
mod revoking;
mod signing_in;

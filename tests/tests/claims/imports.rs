//! Accounts that are imported with hashes of bcrypt.

mod files;
mod signing_in;

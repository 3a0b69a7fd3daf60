//! Content to begin with: a small demo that a person enjoys looking at, and as much as a benchmark asks for.
//!
//! The demo is made as people would make it, through the domain's own functions. What is made to scale goes past them,
//! into the tables at once, and has to keep by itself what they keep: counters, the log, marks.

mod cast;
mod chirps;
mod demo;
mod directs;
mod drawing;
mod groups;
mod load;
mod mints;
mod pile;
mod plan;
mod reading;
mod rooms;
mod scale;
mod story;

pub use demo::demo;
pub use scale::scale;

/// The password of every account that is made here.
pub const PASSWORD: &str = "linnet-demo";

/// What it takes to sign in to an account that was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The login.
    pub username: String,
    /// Its password.
    pub password: String,
}

impl Credential {
    fn of(username: impl Into<String>) -> Self {
        Self { username: username.into(), password: PASSWORD.to_owned() }
    }
}

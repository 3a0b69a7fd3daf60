//! What stands in a file more than once. A file may have millions of rows, so of each name only eight bytes are kept, which says
//! whose have to be looked at; those are then compared as they are.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use entity::user;

use super::file::Flaw;

/// The columns that have to be unique, with the key of each.
fn keys(user: &user::Model) -> [(&'static str, &str); 2] {
    [("username", &user.username_key), ("email", user.email_key.as_deref().unwrap_or_default())]
}

/// What has been seen of the rows of a file.
#[derive(Default)]
pub(super) struct Seen {
    hasher: RandomState,
    digests: Vec<u64>,
}

impl Seen {
    /// Takes note of a row.
    pub(super) fn note(&mut self, user: &user::Model) {
        self.digests.extend(keys(user).map(|key| self.hasher.hash_one(key)));
    }

    /// What may have been there more than once; none if nothing was.
    pub(super) fn suspects(mut self) -> Option<Suspects> {
        self.digests.sort_unstable();
        let mut kept = 0;
        for at in 1..self.digests.len() {
            let digest = self.digests[at];
            let is_known = kept > 0 && self.digests[kept - 1] == digest;
            if digest == self.digests[at - 1] && !is_known {
                // Behind what has been looked at, and never ahead of it.
                self.digests[kept] = digest;
                kept += 1;
            }
        }
        self.digests.truncate(kept);
        (kept > 0).then_some(Suspects { hasher: self.hasher, digests: self.digests, lines: HashMap::new() })
    }
}

/// What may stand in a file more than once, and on which line each did first.
pub(super) struct Suspects {
    hasher: RandomState,
    /// Sorted.
    digests: Vec<u64>,
    lines: HashMap<(&'static str, String), u64>,
}

impl Suspects {
    /// What a row repeats of those before it.
    pub(super) fn repeats(&mut self, line: u64, user: &user::Model) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        for (column, key) in keys(user) {
            if self.digests.binary_search(&self.hasher.hash_one((column, key))).is_err() {
                continue;
            }
            match self.lines.get(&(column, key.to_owned())) {
                Some(first) => flaws.push(Flaw::new(line, column, format!("Line {first} has the same {column}."))),
                None => {
                    self.lines.insert((column, key.to_owned()), line);
                }
            }
        }
        flaws
    }
}

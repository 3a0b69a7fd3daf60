//! Documents by their hash, as Apollo's clients ask for them ("automatic persisted queries", version 1 of its protocol): the hash alone,
//! and where that is not known, the text beside it, once.
//!
//! A hash stands for a text that was let in here, never for one that somebody claims to have it. What is remembered is bounded, so it
//! may be forgotten, and other nodes have not heard of it: a client is told, and sends the text again.

use std::sync::Arc;

use async_graphql::ServerError;
use moka::sync::Cache;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::coded;

/// SHA-256 of a text.
type Hash = [u8; 32];

/// What a request asks to run.
#[derive(Debug)]
pub(crate) enum Asked {
    Text(Arc<str>),
    /// A text that was remembered.
    Known(Hash),
    /// A text to remember.
    Named(Arc<str>, Hash),
}

impl Asked {
    /// Reads a request's `query` and `extensions`; or why that can't be done.
    pub(crate) fn of(query: Option<String>, extensions: Option<&Map<String, Value>>) -> Result<Self, &'static str> {
        let persisted = extensions.and_then(|extensions| extensions.get("persistedQuery")).filter(|it| !it.is_null());
        match (query, persisted.map(read_hash).transpose()?) {
            (Some(text), None) => Ok(Self::Text(text.into())),
            (Some(text), Some(hash)) => Ok(Self::Named(text.into(), hash)),
            (None, Some(hash)) => Ok(Self::Known(hash)),
            (None, None) => Err("`query`: the document is missing"),
        }
    }
}

fn read_hash(persisted: &Value) -> Result<Hash, &'static str> {
    if persisted.get("version").and_then(Value::as_u64) != Some(1) {
        return Err("`extensions.persistedQuery.version` must be 1");
    }
    let digits = persisted.get("sha256Hash").and_then(Value::as_str);
    let mut hash = Hash::default();
    match digits.map(|digits| hex::decode_to_slice(digits, &mut hash)) {
        Some(Ok(())) => Ok(hash),
        _ => Err("`extensions.persistedQuery.sha256Hash` must be 64 hexadecimal digits"),
    }
}

/// The texts that are remembered by their hashes.
pub(super) struct Persisted(Cache<Hash, Arc<str>>);

impl Persisted {
    /// Room for so many bytes of text.
    pub(super) fn new(bytes: u64) -> Self {
        let weigh = |_: &Hash, text: &Arc<str>| u32::try_from(text.len() + size_of::<Hash>()).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(bytes).weigher(weigh).build())
    }

    /// The text that is asked for, if it is known, and has the hash that it is said to have. One that is longer than `most` bytes
    /// will be refused, and is not hashed.
    pub(super) fn text(&self, asked: &Asked, most: usize) -> Result<Arc<str>, ServerError> {
        match asked {
            Asked::Text(text) => Ok(text.clone()),
            Asked::Known(hash) => self.0.get(hash).ok_or_else(|| {
                // Clients know it by this very message, or by the code.
                coded("PersistedQueryNotFound".to_owned(), "PERSISTED_QUERY_NOT_FOUND", None)
            }),
            Asked::Named(text, hash) if text.len() > most || Hash::from(Sha256::digest(text.as_bytes())) == *hash => {
                Ok(text.clone())
            }
            Asked::Named(..) => {
                let why = "`extensions.persistedQuery.sha256Hash` is not the SHA-256 of `query`.";
                Err(coded(why.to_owned(), "INVALID", None))
            }
        }
    }

    /// Remembers a text that may run.
    pub(super) fn remember(&self, asked: &Asked) {
        if let Asked::Named(text, hash) = asked
            && !self.0.contains_key(hash)
        {
            self.0.insert(*hash, text.clone());
        }
    }
}

//! What Linnet does, without knowing GraphQL or HTTP.
//!
//! Functions are verbs under their noun and take the context first: `message::send(app, viewer, draft)`. A function that
//! touches a thread takes a proof that only [`access`] can make; a change to a thread goes through [`commit`], which
//! writes it together with its events. [`infra`] holds what the outside world provides, one choice of backend each.

pub mod access;
pub mod account;
pub mod administration;
pub mod api_key;
pub mod app;
pub mod archive;
pub mod assistant;
pub mod attachment;
pub mod audit;
pub mod backup;
pub mod batch;
pub mod block;
pub mod cache;
pub mod chirp;
pub mod collection;
pub mod commit;
#[cfg(feature = "test-control")]
pub mod control;
pub mod credential;
pub mod cursor;
pub mod device;
pub mod diary;
pub mod doctor;
pub mod download;
pub mod error;
pub mod event;
pub mod expiry;
pub mod export;
pub mod hub;
pub mod inbox;
pub mod infra;
pub mod invitation;
pub mod job;
pub mod limit;
pub mod lock;
pub mod mail;
pub mod maintenance;
pub mod mention;
pub mod message;
pub mod mint;
pub mod moment;
pub mod nft;
pub mod page;
pub mod participant;
pub mod password;
pub mod profile;
pub mod reaction;
pub mod receipt;
pub mod recurring;
pub mod referral;
pub mod room_ban;
pub mod search;
pub mod seed;
pub mod session;
pub mod signal;
pub mod system;
pub mod text;
pub mod thread;
pub mod upload;
pub mod user;
pub mod wallet;
mod watch;
mod work;

pub use app::App;
pub use entity::Timestamp;
pub use error::{Code, Error, Refusal, Result};

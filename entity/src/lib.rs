//! The rows of the database and the ids that name them.
//!
//! One module per table, named by its noun in the singular. Knows neither rules nor SQL: what may change and who may see
//! it is `domain`'s, how the tables are made is `migration`'s.

pub mod id;

pub mod ai_cache;
pub mod api_key;
pub mod assistant_answer;
pub mod assistant_cost;
pub mod audit_entry;
pub mod cache_entry;
pub mod cache_lock;
pub mod chirp;
pub mod chirp_event;
pub mod collection;
pub mod diary_entry;
pub mod email_verification_token;
pub mod export_token;
pub mod failed_job;
pub mod instance;
pub mod invitation;
pub mod job;
pub mod job_batch;
pub mod message;
pub mod message_attachment;
pub mod message_mention;
pub mod message_reaction;
pub mod message_revision;
pub mod mint;
pub mod nft;
pub mod participant;
pub mod password_reset_token;
pub mod profile;
pub mod read_mark;
pub mod referral;
pub mod referral_code;
pub mod refresh_token;
pub mod room_activity;
pub mod room_ban;
pub mod thread;
pub mod thread_event;
pub mod upload;
pub mod user;
pub mod user_device;
pub mod user_session;
pub mod wallet;
pub mod wallet_challenge;
pub mod wallet_nonce;

/// A point in time: UTC, whole microseconds.
pub type Timestamp = sea_orm::prelude::DateTimeUtc;

/// A day of the calendar, wherever it is spent.
pub type Date = sea_orm::prelude::Date;

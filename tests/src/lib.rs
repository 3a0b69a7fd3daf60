//! The harness of the black-box tests: the real binary, its public API, and nothing of its insides.
//!
//! A test is an async function that states a claim and takes a [`World`] (a server on a database of its own) or an
//! [`Engine`], if it has to start the server in a special way. [`claims!`] makes two tests of it, one per engine.
//! The harness repairs nothing: it does not retry, re-send, sort or drop what the server answers.

// A test stops at the first thing that is not as it should be, and says so on stderr.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

pub mod account;
pub mod block;
pub mod chance;
pub mod chirp;
pub mod claim;
pub mod client;
pub mod cluster;
pub mod connection;
pub mod control;
pub mod deadline;
pub mod diary;
pub mod endpoint;
pub mod engine;
pub mod events;
pub mod export;
pub mod id;
pub mod import;
pub mod invitation;
pub mod job;
pub mod line;
pub mod mail;
pub mod mention;
pub mod message;
pub mod metrics;
pub mod mint;
pub mod nats;
pub mod nodes;
mod port;
pub mod proxy;
pub mod room_ban;
pub mod s3;
pub mod search;
pub mod server;
pub mod smtp;
pub mod socket;
pub mod stream;
pub mod subscription;
pub mod thread;
pub mod transport;
pub mod upload;
pub mod wallet;
pub mod wire;
pub mod world;

pub use account::User;
pub use chance::Chance;
pub use claim::Claim;
pub use client::{Answer, Client};
pub use cluster::Cluster;
pub use connection::Connection;
pub use deadline::{eventually, within};
pub use endpoint::{Endpoint, Reply};
pub use engine::{Database, Engine};
pub use events::Events;
pub use line::Line;
pub use mail::Mail;
pub use message::Sent;
pub use metrics::Metrics;
pub use nats::Nats;
pub use nodes::Nodes;
pub use proxy::Proxy;
pub use s3::S3;
pub use server::Server;
pub use smtp::Smtp;
pub use socket::Socket;
pub use subscription::{Frame, Subscription};
pub use transport::Transport;
pub use upload::Given;
pub use wallet::Wallet;
pub use world::World;

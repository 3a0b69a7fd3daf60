#![doc = include_str!("../README.md")]

mod client;
mod error;
pub mod operations;
mod pace;
pub mod scalars;
mod session;
mod socket;
mod stream;
mod web;

pub use client::{Builder, Linnet, Sent, new_client_key};
pub use error::{Error, ServerError, Told};
pub use graphql_client::GraphQLQuery;
pub use operations::types;
pub use pace::Pace;
pub use session::Tokens;

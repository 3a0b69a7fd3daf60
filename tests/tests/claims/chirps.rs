//! Chirps: what people say to everybody, and the one feed that it stands in.

mod feed;
mod leaving;
mod nodes;
mod posting;
mod streams;

//! The operations of the package, made from `schema.graphql` and the documents that all clients share. Each is a type such as
//! [`Thread`] for [`Linnet::query`](crate::Linnet::query), with a module of its `Variables` and its `ResponseData`.

#![allow(clippy::all, unused_imports)]

include!(concat!(env!("OUT_DIR"), "/operations.rs"));

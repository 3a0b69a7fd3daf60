//! Files that people put here for their messages to carry.

mod buckets;
mod collecting;
mod hostile;
mod putting;
mod sending;
mod serving;

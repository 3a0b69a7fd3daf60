//! Pages: every connection can be walked both ways, with exact answers to whether there is more.

mod around;
pub(crate) mod listing;
mod refusals;
mod walks;

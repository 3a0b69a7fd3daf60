//! The search for messages: what one may read is found, by what it says now, and nothing else.

mod changing;
mod filters;
mod finding;
mod leaving;
mod paging;
mod readable;
mod writing;

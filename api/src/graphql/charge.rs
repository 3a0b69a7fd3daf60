//! What an operation counts as, where it is limited how often somebody may do something. Passwords are counted where they are
//! tried, one by one.

use domain::limit::Class;

use super::document::{Kind, Operation};

/// Nodes that a read may load; an operation that may load more counts as several.
const READ: u64 = 500;

/// What to charge for an operation, besides the read that each request counts as: each change, and what it may load.
pub(crate) fn charges(operation: &Operation) -> Vec<(Class, u32)> {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let reads = u32::try_from(operation.cost / READ).unwrap_or(u32::MAX);
    let (signals, writes) = match operation.kind {
        Kind::Mutation => {
            let signals = operation.root_fields.iter().filter(|field| *field == "typingSignal").count();
            (count(signals), count(operation.root_fields.len() - signals))
        }
        Kind::Query | Kind::Subscription => (0, 0),
    };
    let charges = [(Class::Reads, reads), (Class::Signals, signals), (Class::Writes, writes)];
    charges.into_iter().filter(|(_, count)| *count > 0).collect()
}

//! What an operation counts as, where it is limited how often somebody may do something. Passwords are counted where they are
//! tried, one by one.

use domain::limit::Class;

use super::document::{Kind, Operation};

/// Nodes that a read may load; an operation that may load more counts as several.
const READ: u64 = 500;

/// What to charge for an operation: a query and the beginning of a stream by what they may load, a mutation by its changes.
pub(crate) fn charges(operation: &Operation) -> Vec<(Class, u32)> {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    if operation.kind != Kind::Mutation {
        let reads = u32::try_from(operation.cost / READ).unwrap_or(u32::MAX).saturating_add(1);
        return vec![(Class::Reads, reads)];
    }
    let signals = operation.root_fields.iter().filter(|field| *field == "typingSignal").count();
    let charges = [(Class::Signals, count(signals)), (Class::Writes, count(operation.root_fields.len() - signals))];
    charges.into_iter().filter(|(_, count)| *count > 0).collect()
}

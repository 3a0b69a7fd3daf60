//! What an operation counts as, where it is limited how often somebody may do something. Passwords are counted where they are
//! tried, one by one.

use domain::limit::Class;

use super::document::Kind;

/// What to charge for an operation: a query and the beginning of a stream are one read, each change counts.
pub(crate) fn charges(kind: Kind, root_fields: &[String]) -> Vec<(Class, u32)> {
    if kind != Kind::Mutation {
        return vec![(Class::Reads, 1)];
    }
    let signals = root_fields.iter().filter(|field| *field == "typingSignal").count();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let charges = [(Class::Signals, count(signals)), (Class::Writes, count(root_fields.len() - signals))];
    charges.into_iter().filter(|(_, count)| *count > 0).collect()
}

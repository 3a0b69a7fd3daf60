//! Canaries: texts that say themselves of which field they are, so that whoever reads one anywhere has read that field.

use super::matrix::{Matrix, Role};

const MARK: &str = "canary-";

/// The text to put into a field of what is in a place.
pub(super) fn canary(kind: &str, field: &str, place: &str) -> String {
    format!("{MARK}{kind}-{field}-{place}")
}

/// Fails the test if an answer has a canary of a field that the one who asked may not have.
pub(super) fn look(matrix: &Matrix, role: Role, asked: &str, answer: &str) {
    for found in answer.split(MARK).skip(1) {
        let end = found.find(|one: char| !one.is_ascii_alphanumeric() && one != '-').unwrap_or(found.len());
        let mut parts = found[..end].splitn(3, '-');
        let (kind, field) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let place = parts.next().unwrap_or_default();
        assert!(
            matrix.may(kind, field, place).contains(&role),
            "{role:?} reads {kind}.{field} of what is in {place}, asking\n{asked}\nanswered by\n{answer}"
        );
    }
}

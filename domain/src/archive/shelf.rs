//! The two places in which messages lie, and statements about both.

use std::sync::LazyLock;

use entity::message;

use crate::access::columns;

/// The tables of one place: messages, and what hangs on them.
#[derive(PartialEq, Eq)]
pub(crate) struct Shelf {
    pub(crate) messages: &'static str,
    pub(crate) revisions: &'static str,
    pub(crate) attachments: &'static str,
    pub(crate) reactions: &'static str,
    pub(crate) mentions: &'static str,
}

/// Where messages are sent to.
pub(crate) const IN_USE: Shelf = Shelf {
    messages: "messages",
    revisions: "message_revisions",
    attachments: "message_attachments",
    reactions: "message_reactions",
    mentions: "message_mentions",
};

/// Where they go when nobody has touched their thread for long.
pub(crate) const ARCHIVE: Shelf = Shelf {
    messages: "archived_messages",
    revisions: "archived_revisions",
    attachments: "archived_attachments",
    reactions: "archived_reactions",
    mentions: "archived_mentions",
};

/// The columns of a message `t`, by name: the tables do not have them in one order.
pub(crate) static MESSAGE: LazyLock<String> = LazyLock::new(|| columns::<message::Entity>("t", ""));

/// A statement about both places, each of which gives its rows. A message is in one of them at any time, and in the same one
/// throughout a statement.
pub(crate) fn in_both(select: impl Fn(&Shelf) -> String) -> String {
    format!("{} UNION ALL {}", select(&IN_USE), select(&ARCHIVE))
}

/// The first messages `t` that a condition lets through, wherever they lie; the order is by columns that are selected.
pub(crate) fn first_in_both(select: &str, condition: &str, order: &str, limit: &str) -> String {
    let rows = in_both(|shelf| {
        let table = shelf.messages;
        format!(
            "SELECT * FROM (SELECT {select} FROM {table} t WHERE {condition} ORDER BY {order} LIMIT {limit}) AS {table}_first"
        )
    });
    format!("{rows} ORDER BY {order} LIMIT {limit}")
}

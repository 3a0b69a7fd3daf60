//! Crashes: of the server, and of the database under it. What was acknowledged is there.

mod database;
mod durability;
pub(crate) mod kill;

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use tests::{Sent, User, World};

/// All messages after a cursor, by pages: `(cursor, id, content)`.
pub(crate) async fn messages_after(user: &User, thread: &str, after: Option<&str>) -> Vec<(Sent, String)> {
    let document = "query($id: ID!, $after: Cursor) { thread(id: $id) { messages(first: 100, after: $after) { \
        edges { cursor node { id content } } pageInfo { hasNextPage } } } }";
    let mut after = after.map(str::to_owned);
    let mut found = Vec::new();
    loop {
        let page = user.graphql(document, json!({ "id": thread, "after": after })).await;
        for edge in page.list("/thread/messages/edges") {
            let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no string: {edge}")).to_owned();
            let sent = Sent { cursor: text(&edge["cursor"]), id: text(&edge["node"]["id"]) };
            after = Some(sent.cursor.clone());
            found.push((sent, text(&edge["node"]["content"])));
        }
        if page.ok("/thread/messages/pageInfo/hasNextPage") == false {
            return found;
        }
    }
}

/// Fails the test unless all that was acknowledged is in the history, where it was said to be, and nothing twice.
#[track_caller]
pub(crate) fn nothing_is_lost(history: &[(Sent, String)], acknowledged: &[(Sent, String)]) {
    assert!(history.is_sorted_by(|(one, _), (next, _)| one.cursor < next.cursor), "the history goes up");
    let found: HashMap<_, _> = history.iter().map(|(sent, content)| (sent, content)).collect();
    for (sent, content) in acknowledged {
        assert_eq!(found.get(sent), Some(&content), "{sent:?} was acknowledged");
    }
    // Every text is sent under a key of its own, again and again until it is acknowledged.
    let mut contents = HashSet::new();
    let twice: Vec<_> = history.iter().filter(|(_, content)| !contents.insert(content)).collect();
    assert!(twice.is_empty(), "{twice:?} are there twice");
}

/// A statement about all messages, wherever they lie.
fn with_messages(sql: &str) -> String {
    let both = " FROM (SELECT id, thread_id, seq, position FROM messages \
        UNION ALL SELECT id, thread_id, seq, position FROM archived_messages) m ";
    sql.replace(" FROM messages m ", both)
}

/// Looks into the database: every thread's log and messages are numbered without a gap, and counted right.
pub(crate) async fn nothing_is_missing(world: &World) {
    let sql = with_messages(
        "SELECT COUNT(*) FROM threads t WHERE \
        t.last_seq <> (SELECT COUNT(*) FROM thread_events e WHERE e.thread_id = t.id) OR \
        t.last_seq <> (SELECT COALESCE(MAX(e.seq), 0) FROM thread_events e WHERE e.thread_id = t.id) OR \
        t.message_count <> (SELECT COUNT(*) FROM messages m WHERE m.thread_id = t.id) OR \
        t.message_count <> (SELECT COALESCE(MAX(m.position), 0) FROM messages m WHERE m.thread_id = t.id)",
    );
    assert_eq!(world.database.number(&sql).await, 0, "a thread's log or messages have a gap, or are counted wrong");
    let sql = with_messages(
        "SELECT COUNT(*) FROM messages m WHERE NOT EXISTS (SELECT 1 FROM thread_events e \
        WHERE e.thread_id = m.thread_id AND e.seq = m.seq AND e.message_id = m.id)",
    );
    assert_eq!(world.database.number(&sql).await, 0, "a message has no event, or an event that is another's");
    let sql = with_messages(
        "SELECT COUNT(*) FROM thread_events e WHERE e.message_id IS NOT NULL AND NOT EXISTS \
        (SELECT 1 FROM messages m WHERE m.id = e.message_id AND m.thread_id = e.thread_id)",
    );
    assert_eq!(world.database.number(&sql).await, 0, "an event has no message");
}

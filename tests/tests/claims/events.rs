//! graphql-sse: an operation answered by server-sent events, as an EventSource reads them.

mod ending;
mod pace;
mod protocol;
mod resume;

use serde_json::{Value, json};
use tests::events::Asking;
use tests::line::LINE;
use tests::{Events, User, World};

/// `threadEvents`, asked for no more than lines.
async fn lines(world: &World, user: &User, thread: &str, after: Option<&str>, last_event_id: Option<&str>) -> Events {
    let document = format!(
        "subscription($thread: ID!, $after: Cursor) {{ threadEvents(threadId: $thread, after: $after) {{ {LINE} }} }}"
    );
    let asking = Asking { token: Some(&user.token), last_event_id, ..Asking::default() };
    let variables: Value = json!({ "thread": thread, "after": after });
    Events::ask_as(&world.server, asking, json!({ "query": document, "variables": variables })).await
}

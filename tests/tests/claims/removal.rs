//! Removal: from then on nothing of theirs is written, and nothing is shown to them.

pub(crate) mod race;
mod streams;

use serde_json::Value;
use tests::{Frame, Subscription};

/// Reads `threadEvents` to its end by removal, and gives the lines before it. What comes after the end is seen by
/// whoever reads on.
pub(crate) async fn until_revoked(events: &mut Subscription) -> Vec<Value> {
    let lines = events.until("AccessRevoked").await;
    events.completed().await;
    lines
}

/// Reads `messageAdded` to its end by removal, and gives the edges before it.
pub(crate) async fn until_refused(messages: &mut Subscription) -> Vec<Value> {
    let mut edges = Vec::new();
    loop {
        match messages.next().await {
            Frame::Next(payload) => {
                assert_eq!(payload.get("errors"), None, "{payload}");
                edges.push(payload["data"]["messageAdded"].clone());
            }
            Frame::Error(errors) => {
                let code = errors.pointer("/0/extensions/code").and_then(Value::as_str);
                assert_eq!(code, Some("ACCESS_REVOKED"), "{errors}");
                return edges;
            }
            other => panic!("an error that says so is expected, not {other:?}"),
        }
    }
}

//! The inbox: the viewer's threads as they change, each as it is now.

mod live;
mod pace;
mod resume;

use serde_json::Value;
use tests::Subscription;

/// Reads on until a frame of this thread is as wanted, and gives that frame. Frames of the same thread before it are
/// older states, which are fine; anything else is not.
async fn until_state(inbox: &mut Subscription, thread: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let frame = inbox.event().await;
        assert_eq!(frame["__typename"], "InboxThread", "{frame}");
        assert_eq!(frame["thread"]["id"], thread, "nothing else has changed: {frame}");
        if wanted(&frame["thread"]) {
            return frame;
        }
    }
}

/// A cursor of a frame.
fn cursor(frame: &Value) -> String {
    frame["cursor"].as_str().unwrap_or_else(|| panic!("a frame without a cursor: {frame}")).to_owned()
}

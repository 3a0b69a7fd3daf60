//! A frame reduced to what stays the same however late it is shown: its place in the log, its kind, what it names.

use serde_json::Value;

/// What of a frame can be compared with the same frame read later, in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The place in the log.
    pub cursor: String,
    /// The `__typename`; `MessagePosted` for an edge of `messageAdded`.
    pub kind: String,
    /// The ids of what it shows, in the order of the contract; sorted where that is a list.
    pub names: Vec<String>,
}

impl Line {
    /// Of a value of `threadEvents`, `Thread.events` or `messageAdded`, asked for as [`crate::stream`] does.
    #[track_caller]
    pub fn of(frame: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let kind = text(&frame["__typename"]).unwrap_or_else(|| "MessagePosted".to_owned());
        let mut names = Vec::new();
        for pointer in ["/message/id", "/node/id", "/change", "/user/id", "/thread/id"] {
            names.extend(frame.pointer(pointer).and_then(text));
        }
        if let Some(participants) = frame["participants"].as_array() {
            let mut ids: Vec<_> = participants.iter().filter_map(|one| text(&one["user"]["id"])).collect();
            ids.sort();
            names.extend(ids);
        }
        let cursor = text(&frame["cursor"]).unwrap_or_else(|| panic!("a frame without a cursor: {frame}"));
        Self { cursor, kind, names }
    }

    /// Of all of them.
    #[track_caller]
    pub fn of_all<'a>(frames: impl IntoIterator<Item = &'a Value>) -> Vec<Self> {
        frames.into_iter().map(Self::of).collect()
    }
}

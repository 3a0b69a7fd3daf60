//! A frame reduced to what stays the same however late it is shown: its place in the log, its kind, what it names.

use serde_json::{Value, json};

use crate::{Client, Sent, Socket, Subscription, User};

/// What has to be asked of a frame to make a [`Line`] of it; a load test asks for no more.
pub const LINE: &str = "__typename cursor \
    ... on MessagePosted { message { id } } ... on MessageEdited { message { id } } \
    ... on MessageDeleted { message { id } } ... on ReactionsChanged { message { id } } \
    ... on ReceiptsAdvanced { participants { user { id } } } ... on ParticipantChanged { change user { id } } \
    ... on ThreadChanged { thread { id } }";

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
    /// Of a value of `threadEvents`, `Thread.events` or `messageAdded`, asked for [`LINE`] or more.
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

impl Socket {
    /// `threadEvents`, asked for no more than lines.
    pub async fn lines(&self, thread: &str, after: Option<&str>) -> Subscription {
        let document = format!(
            "subscription($thread: ID!, $after: Cursor) {{ threadEvents(threadId: $thread, after: $after) {{ {LINE} }} }}"
        );
        self.subscribe(&document, json!({ "thread": thread, "after": after })).await
    }

    /// `messageAdded`, asked for no more than lines.
    pub async fn posts(&self, thread: &str, after: Option<&str>) -> Subscription {
        let document = "subscription($thread: ID!, $after: Cursor) { \
            messageAdded(threadId: $thread, after: $after) { cursor node { id } } }";
        self.subscribe(document, json!({ "thread": thread, "after": after })).await
    }
}

impl Client {
    /// All of `Thread.events` after a cursor, page by page, as lines.
    pub async fn all_lines(&self, thread: &str, after: Option<&str>) -> Vec<Line> {
        let document = format!(
            "query($thread: ID!, $after: Cursor) {{ thread(id: $thread) {{ \
                events(first: 100, after: $after) {{ frames {{ {LINE} }} endCursor hasNextPage }} }} }}"
        );
        let (mut lines, mut after) = (Vec::new(), after.map(str::to_owned));
        loop {
            let page = self.graphql(&document, json!({ "thread": thread, "after": after })).await;
            lines.extend(page.list("/thread/events/frames").iter().map(Line::of));
            after = Some(page.text("/thread/events/endCursor"));
            if page.ok("/thread/events/hasNextPage") == false {
                return lines;
            }
        }
    }
}

impl User {
    /// Sends a text and asks for nothing but where it went.
    pub async fn post(&self, thread: &str, content: &str) -> Sent {
        let input = json!({ "threadId": thread, "content": content });
        let answer = self.mutate("messageSend", input, "message { id } cursor").await;
        Sent { id: answer.text("/messageSend/message/id"), cursor: answer.text("/messageSend/cursor") }
    }
}

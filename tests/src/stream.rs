//! The four subscriptions, as tests ask for them.

use serde_json::{Value, json};

use crate::message::MESSAGE;
use crate::thread::{PARTICIPANT, THREAD};
use crate::{Answer, Client, Socket, Subscription};

/// What is asked of a thread frame, in `threadEvents` and in `Thread.events` alike.
pub fn frame_selection() -> String {
    let mut selection = "__typename cursor".to_owned();
    for kind in ["MessagePosted", "MessageEdited", "MessageDeleted", "ReactionsChanged"] {
        selection += &format!(" ... on {kind} {{ message {{ {MESSAGE} }} }}");
    }
    selection += &format!(" ... on ReceiptsAdvanced {{ participants {{ {PARTICIPANT} }} }}");
    selection += &format!(" ... on ParticipantChanged {{ change user {{ id }} participant {{ {PARTICIPANT} }} }}");
    selection + " ... on ThreadChanged { thread { id title archivedAt } } ... on StreamReset { reason }"
}

impl Socket {
    /// `messageAdded`: each value is a message edge.
    pub async fn messages(&self, thread: &str, after: Option<&str>) -> Subscription {
        let document = format!(
            "subscription($thread: ID!, $after: Cursor) {{ \
                messageAdded(threadId: $thread, after: $after) {{ cursor node {{ {MESSAGE} }} }} }}"
        );
        self.subscribe(&document, json!({ "thread": thread, "after": after })).await
    }

    /// `threadEvents`: each value is a frame with its `__typename`.
    pub async fn events(&self, thread: &str, after: Option<&str>) -> Subscription {
        self.events_of(thread, after, None).await
    }

    /// `threadEvents` of some kinds only.
    pub async fn events_of(&self, thread: &str, after: Option<&str>, kinds: Option<&[&str]>) -> Subscription {
        let document = format!(
            "subscription($thread: ID!, $after: Cursor, $kinds: [ThreadEventKind!]) {{ \
                threadEvents(threadId: $thread, after: $after, kinds: $kinds) {{ {} }} }}",
            frame_selection()
        );
        self.subscribe(&document, json!({ "thread": thread, "after": after, "kinds": kinds })).await
    }

    /// `inboxChanges`: each value is a frame with its `__typename`.
    pub async fn inbox(&self, after: Option<&str>) -> Subscription {
        let document = format!(
            "subscription($after: Cursor) {{ inboxChanges(after: $after) {{ __typename cursor \
                ... on InboxThread {{ thread {{ {THREAD} }} }} ... on InboxThreadRemoved {{ threadId }} \
                ... on InboxReset {{ reason }} }} }}"
        );
        self.subscribe(&document, json!({ "after": after })).await
    }

    /// `threadSignals`: each value is a signal with its `__typename`.
    pub async fn signals(&self, thread: &str) -> Subscription {
        let document = "subscription($thread: ID!) { threadSignals(threadId: $thread) { __typename at \
            ... on Typing { user { id } } ... on Presence { user { id } online lastSeenAt } \
            ... on AnswerWriting { user { id } questionId text } ... on AnswerChanged { questionId status } } }";
        self.subscribe(document, json!({ "thread": thread })).await
    }
}

impl Client {
    /// One page of `Thread.events`, asked for as `threadEvents` is.
    pub async fn poll_events(&self, thread: &str, after: Option<&str>, first: usize) -> Answer {
        let document = format!(
            "query($thread: ID!, $after: Cursor, $first: Int) {{ thread(id: $thread) {{ \
                events(first: $first, after: $after) {{ frames {{ {} }} endCursor hasNextPage }} }} }}",
            frame_selection()
        );
        self.graphql(&document, json!({ "thread": thread, "after": after, "first": first })).await
    }

    /// All frames of `Thread.events` after a cursor, page by page.
    pub async fn all_events(&self, thread: &str, after: Option<&str>) -> Vec<Value> {
        let mut frames = Vec::new();
        let mut after = after.map(str::to_owned);
        loop {
            let page = self.poll_events(thread, after.as_deref(), 40).await;
            frames.extend(page.list("/thread/events/frames").iter().cloned());
            after = Some(page.text("/thread/events/endCursor"));
            if page.ok("/thread/events/hasNextPage") == false {
                return frames;
            }
        }
    }
}

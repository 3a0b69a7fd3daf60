//! Searching for messages.

use serde_json::{Value, json};

use crate::{Answer, User};

/// A search with all that it may be asked for.
pub const SEARCH: &str = "query($query: String!, $threadId: ID, $senderId: ID, $sentSince: DateTime, $sentBefore: DateTime, \
    $metadata: [MessageMetadataInput!], $first: Int, $after: Cursor, $last: Int, $before: Cursor) { viewer { \
    messageSearch(query: $query, threadId: $threadId, senderId: $senderId, sentSince: $sentSince, sentBefore: $sentBefore, \
    metadata: $metadata, first: $first, after: $after, last: $last, before: $before) { isComplete \
    edges { cursor node { message { id content thread { id } sender { id } } snippet { text isMatch } } } \
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

/// Where the hits are in an answer.
pub const HITS: &str = "/viewer/messageSearch/edges";

impl User {
    /// Searches by whatever the arguments say.
    pub async fn search_with(&self, arguments: Value) -> Answer {
        self.graphql(SEARCH, arguments).await
    }

    /// What the messages say that a query finds, the newest first.
    pub async fn search(&self, query: &str) -> Vec<String> {
        self.found(json!({ "query": query, "first": 100 })).await
    }

    /// What the messages say that are found by whatever the arguments say.
    pub async fn found(&self, arguments: Value) -> Vec<String> {
        contents(&self.search_with(arguments).await)
    }
}

/// What the messages of a page say.
pub fn contents(page: &Answer) -> Vec<String> {
    let content = |edge: &Value| edge["node"]["message"]["content"].as_str().expect("it says something").to_owned();
    page.list(HITS).iter().map(content).collect()
}

/// The snippets of a page, what was searched for in brackets.
pub fn snippets(page: &Answer) -> Vec<String> {
    let part = |part: &Value| {
        let text = part["text"].as_str().expect("a text");
        if part["isMatch"] == true { format!("[{text}]") } else { text.to_owned() }
    };
    let snippet = |edge: &Value| edge["node"]["snippet"].as_array().expect("a snippet").iter().map(part).collect();
    page.list(HITS).iter().map(snippet).collect()
}

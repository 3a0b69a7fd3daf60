//! What a user does to messages. Plain verbs fail the test when they are refused; `try_` verbs give the answer.

use serde_json::{Value, json};

use crate::{Answer, User};

/// The fields of a message that tests compare; all but what depends on who asks.
pub const MESSAGE: &str = "id thread { id } sender { id } content parent { id } replyCount \
    attachments { id url type name size metadata createdAt } reactions { emoji count } metadata \
    version revisions { version content createdAt } createdAt editedAt deletedAt";

/// Where a message was stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sent {
    /// The cursor of the event that posted it, which is also that of its edge. First, so that `Sent`s sort by it.
    pub cursor: String,
    /// `msg_…`
    pub id: String,
}

impl User {
    /// Sends a text.
    pub async fn send(&self, thread: &str, content: &str) -> Sent {
        self.send_with(json!({ "threadId": thread, "content": content })).await
    }

    /// Replies to a message.
    pub async fn reply(&self, thread: &str, parent: &Sent, content: &str) -> Sent {
        self.send_with(json!({ "threadId": thread, "content": content, "parentId": parent.id })).await
    }

    /// Sends whatever the input says.
    pub async fn send_with(&self, input: Value) -> Sent {
        let answer = self.try_send_with(input).await;
        Sent { id: answer.text("/messageSend/message/id"), cursor: answer.text("/messageSend/cursor") }
    }

    /// Sends a text.
    pub async fn try_send(&self, thread: &str, content: &str) -> Answer {
        self.try_send_with(json!({ "threadId": thread, "content": content })).await
    }

    /// Sends whatever the input says.
    pub async fn try_send_with(&self, input: Value) -> Answer {
        self.mutate("messageSend", input, &format!("message {{ {MESSAGE} clientKey status }} cursor")).await
    }

    /// Sends `count` texts, `1`, `2`, …, one after the other.
    pub async fn send_many(&self, thread: &str, count: usize) -> Vec<Sent> {
        let mut sent = Vec::with_capacity(count);
        for number in 1..=count {
            sent.push(self.send(thread, &number.to_string()).await);
        }
        sent
    }

    /// Changes the content of a message and gives the cursor of that event.
    pub async fn edit(&self, message: &Sent, content: &str) -> String {
        self.try_edit(&message.id, content, None).await.text("/messageEdit/cursor")
    }

    /// Changes the content of a message.
    pub async fn try_edit(&self, message: &str, content: &str, expected_version: Option<i64>) -> Answer {
        let mut input = json!({ "id": message, "content": content });
        if let Some(version) = expected_version {
            input["expectedVersion"] = version.into();
        }
        self.mutate("messageEdit", input, &format!("message {{ {MESSAGE} }} cursor")).await
    }

    /// Deletes a message and gives the cursor of that event.
    pub async fn delete(&self, message: &Sent) -> String {
        self.try_delete(&message.id).await.text("/messageDelete/cursor")
    }

    /// Deletes a message.
    pub async fn try_delete(&self, message: &str) -> Answer {
        self.mutate("messageDelete", json!({ "id": message }), &format!("message {{ {MESSAGE} }} cursor")).await
    }

    /// Reacts to a message and gives the cursor of that event.
    pub async fn react(&self, message: &Sent, emoji: &str) -> String {
        self.try_react(&message.id, emoji).await.text("/reactionAdd/cursor")
    }

    /// Reacts to a message.
    pub async fn try_react(&self, message: &str, emoji: &str) -> Answer {
        self.react_with("reactionAdd", message, emoji).await
    }

    /// Takes a reaction back and gives the cursor of that event.
    pub async fn unreact(&self, message: &Sent, emoji: &str) -> String {
        self.try_unreact(&message.id, emoji).await.text("/reactionRemove/cursor")
    }

    /// Takes a reaction back.
    pub async fn try_unreact(&self, message: &str, emoji: &str) -> Answer {
        self.react_with("reactionRemove", message, emoji).await
    }

    async fn react_with(&self, mutation: &str, message: &str, emoji: &str) -> Answer {
        let input = json!({ "messageId": message, "emoji": emoji });
        let select =
            "message { id version reactions { emoji count viewerHasReacted users(first: 100) { id } } } cursor";
        self.mutate(mutation, input, select).await
    }

    /// The message as this user sees it, with `select` of it; null if it does not.
    pub async fn message(&self, message: &str, select: &str) -> Value {
        let document = format!("query($id: ID!) {{ node(id: $id) {{ ... on Message {{ {select} }} }} }}");
        self.graphql(&document, json!({ "id": message })).await.ok("/node").clone()
    }

    /// One page of the thread's messages; `arguments` as GraphQL text, such as `last: 50`.
    pub async fn page(&self, thread: &str, arguments: &str) -> Answer {
        let document = format!(
            "query($id: ID!) {{ thread(id: $id) {{ messages({arguments}) {{ \
                edges {{ cursor node {{ {MESSAGE} }} }} \
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        self.graphql(&document, json!({ "id": thread })).await
    }

    /// All messages of the thread by pages of 50, oldest first, as `(cursor, message)`.
    pub async fn history(&self, thread: &str) -> Vec<(String, Value)> {
        let mut history: Vec<(String, Value)> = Vec::new();
        loop {
            let after = history.last().map_or_else(String::new, |(cursor, _)| format!(", after: \"{cursor}\""));
            let page = self.page(thread, &format!("first: 50{after}")).await;
            for edge in page.list("/thread/messages/edges") {
                history.push((edge["cursor"].as_str().unwrap().to_owned(), edge["node"].clone()));
            }
            if page.ok("/thread/messages/pageInfo/hasNextPage") == false {
                return history;
            }
        }
    }
}

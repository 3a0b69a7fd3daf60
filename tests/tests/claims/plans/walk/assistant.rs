//! What is asked of the assistant, and of what it costs.

use serde_json::{Value, json};
use tests::{Client, Endpoint, Reply};

use super::Walk;

impl Walk<'_> {
    /// Asks the assistant, once in vain. The reader administers by then.
    pub(super) async fn assistant(&mut self, endpoint: &Endpoint) {
        let anonymous = Client::anonymous(self.server);
        let found = anonymous.graphql("{ assistant { user { id } } }", Value::Null).await;
        let thread = self.reader.talk_to(&found.text("/assistant/user/id")).await;
        self.server.record_statements().await;
        let question = self.say(&thread, "hello").await;
        self.reader.answered(&question).await;
        self.keep("a question to the assistant").await;
        endpoint.then(Reply::Refuses(401, None));
        self.server.record_statements().await;
        let question = self.say(&thread, "hello?").await;
        self.reader.answer_that_is("FAILED", &question).await;
        self.reader.ask_again(&question).await.ok("/assistantRetry/message");
        self.reader.answered(&question).await;
        self.reader
            .mutate("messageDelete", json!({ "id": question }), "message { id }")
            .await
            .ok("/messageDelete/message");
        self.keep("a question that is asked once more").await;
        let costs = "query($after: Cursor) { viewer { administration { assistantCosts(first: 1, after: $after) { \
            edges { cursor node { day microDollars } } } } } }";
        let found = self.ask("what the assistant costs", costs, json!({})).await;
        self.ask("what it cost before", costs, json!({ "after": found[0]["cursor"] })).await;
    }

    /// Says something, and gives its id. What a message shows of receipts is asked for elsewhere.
    async fn say(&self, thread: &str, content: &str) -> String {
        let input = json!({ "threadId": thread, "content": content });
        self.reader.mutate("messageSend", input, "message { id }").await.text("/messageSend/message/id")
    }
}

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
        let sent = self.reader.send(&thread, "hello").await;
        self.reader.answered(&sent.id).await;
        self.keep("a question to the assistant").await;
        endpoint.then(Reply::Refuses(401, None));
        self.server.record_statements().await;
        let sent = self.reader.send(&thread, "hello?").await;
        self.reader.answer_that_is("FAILED", &sent.id).await;
        self.reader.ask_again(&sent.id).await.ok("/assistantRetry/message");
        self.reader.answered(&sent.id).await;
        self.reader.delete(&sent).await;
        self.keep("a question that is asked once more").await;
        let costs = "query($after: Cursor) { viewer { administration { assistantCosts(first: 1, after: $after) { \
            edges { cursor node { day microDollars } } } } } }";
        let found = self.ask("what the assistant costs", costs, json!({})).await;
        self.ask("what it cost before", costs, json!({ "after": found[0]["cursor"] })).await;
    }
}

//! Who mentions whom.

use serde_json::{Value, json};

use crate::{Answer, User};

impl User {
    /// How many unread messages of a thread mention the user.
    pub async fn mention_count(&self, thread: &str) -> i64 {
        let document = "query($id: ID!) { thread(id: $id) { viewerState { mentionCount } } }";
        self.graphql(document, json!({ "id": thread })).await.number("/thread/viewerState/mentionCount")
    }

    /// Whom a message mentions, each with the text of the mention, cut out as JavaScript cuts it.
    pub async fn mentions_in(&self, message: &str) -> Vec<(String, String)> {
        let message = self.message(message, "content mentions { user { id } offset length }").await;
        let units: Vec<u16> = message["content"].as_str().unwrap_or_default().encode_utf16().collect();
        let cut = |mention: &Value| {
            let number = |field: &str| usize::try_from(mention[field].as_i64().unwrap()).unwrap();
            let (offset, length) = (number("offset"), number("length"));
            String::from_utf16(&units[offset..offset + length]).unwrap()
        };
        let mentions = message["mentions"].as_array().unwrap_or_else(|| panic!("no list: {message}"));
        mentions.iter().map(|mention| (mention["user"]["id"].as_str().unwrap().to_owned(), cut(mention))).collect()
    }

    /// A page of the messages that mention the user; `arguments` as GraphQL text, such as `first: 10`.
    pub async fn try_mentions(&self, arguments: &str) -> Answer {
        let document = format!(
            "{{ viewer {{ mentions({arguments}) {{ edges {{ cursor }} nodes {{ id content thread {{ id }} sender {{ id }} mentionsViewer }} \
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        self.graphql(&document, Value::Null).await
    }

    /// The ids of the messages that mention the user, the latest first.
    pub async fn mentions(&self) -> Vec<String> {
        let answer = self.try_mentions("first: 100").await;
        let nodes = answer.list("/viewer/mentions/nodes");
        nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
    }
}

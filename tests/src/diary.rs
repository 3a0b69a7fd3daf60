//! Diaries, as their owners keep them.

use serde_json::{Value, json};

use crate::{Answer, User};

/// The fields of an entry.
pub const ENTRY: &str = "id title content mood entryDate createdAt updatedAt";

impl User {
    /// Writes an entry about a day and gives its id.
    pub async fn write_diary(&self, day: &str, title: &str, content: &str) -> String {
        let input = json!({ "entryDate": day, "title": title, "content": content });
        self.try_write_diary(input).await.text("/diaryEntryCreate/diaryEntry/id")
    }

    /// Writes whatever the input says.
    pub async fn try_write_diary(&self, input: Value) -> Answer {
        self.mutate("diaryEntryCreate", input, &format!("diaryEntry {{ {ENTRY} }}")).await
    }

    /// Changes an entry.
    pub async fn try_edit_diary(&self, input: Value) -> Answer {
        self.mutate("diaryEntryUpdate", input, &format!("diaryEntry {{ {ENTRY} }}")).await
    }

    /// Takes an entry away.
    pub async fn try_delete_diary(&self, id: &str) -> Answer {
        self.mutate("diaryEntryDelete", json!({ "id": id }), "deletedId").await
    }

    /// A page of the own diary; `arguments` as GraphQL text, such as `first: 10`.
    pub async fn diary(&self, arguments: &str) -> Answer {
        let document = format!(
            "{{ viewer {{ diaryEntries({arguments}) {{ edges {{ cursor node {{ {ENTRY} }} }} nodes {{ title }} \
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        self.graphql(&document, Value::Null).await
    }

    /// The titles on a page of the own diary.
    pub async fn diary_titles(&self, arguments: &str) -> Vec<String> {
        let answer = self.diary(arguments).await;
        let nodes = answer.list("/viewer/diaryEntries/nodes").iter();
        nodes.map(|node| node["title"].as_str().expect("an entry has a title").to_owned()).collect()
    }

    /// One of the own entries; null if there is none.
    pub async fn diary_entry(&self, id: &str) -> Value {
        let document = format!("query($id: ID!) {{ viewer {{ diaryEntry(id: $id) {{ {ENTRY} }} }} }}");
        self.graphql(&document, json!({ "id": id })).await.ok("/viewer/diaryEntry").clone()
    }
}

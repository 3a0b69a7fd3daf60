//! Chirps, as people post, read and stream them.

use serde_json::{Value, json};

use crate::{Answer, Client, Sent, Socket, Subscription, User};

/// The fields of a chirp that tests compare; all but what depends on who asks.
pub const CHIRP: &str = "id author { id username } message version createdAt updatedAt";

impl User {
    /// Says something to everybody.
    pub async fn chirp(&self, message: &str) -> Sent {
        let answer = self.try_chirp(json!({ "message": message })).await;
        Sent { id: answer.text("/chirpCreate/chirp/id"), cursor: answer.text("/chirpCreate/cursor") }
    }

    /// Posts whatever the input says.
    pub async fn try_chirp(&self, input: Value) -> Answer {
        self.mutate("chirpCreate", input, &format!("chirp {{ {CHIRP} clientKey }} cursor")).await
    }

    /// Says something else in a chirp, and gives the cursor of that event.
    pub async fn update_chirp(&self, chirp: &Sent, message: &str) -> String {
        self.try_update_chirp(json!({ "id": chirp.id, "message": message })).await.text("/chirpUpdate/cursor")
    }

    /// Changes whatever the input says.
    pub async fn try_update_chirp(&self, input: Value) -> Answer {
        self.mutate("chirpUpdate", input, &format!("chirp {{ {CHIRP} }} cursor")).await
    }

    /// Deletes a chirp, and gives the cursor of that event.
    pub async fn delete_chirp(&self, chirp: &Sent) -> String {
        self.try_delete_chirp(&chirp.id).await.text("/chirpDelete/cursor")
    }

    /// Deletes a chirp.
    pub async fn try_delete_chirp(&self, id: &str) -> Answer {
        self.mutate("chirpDelete", json!({ "id": id }), "deletedId cursor").await
    }
}

/// A page of chirps, as [`Client::feed`] and [`Client::chirps_of`] ask for it.
fn page(arguments: &str) -> String {
    format!(
        "chirps({arguments}) {{ eventCursor edges {{ cursor node {{ {CHIRP} }} }} nodes {{ message }} \
         pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}"
    )
}

impl Client {
    /// A page of the feed; `arguments` as GraphQL text, such as `first: 10`.
    pub async fn feed(&self, arguments: &str) -> Answer {
        self.graphql(&format!("{{ {} }}", page(arguments)), Value::Null).await
    }

    /// What stands on a page of the feed.
    pub async fn feed_messages(&self, arguments: &str) -> Vec<String> {
        messages(self.feed(arguments).await.ok("/chirps"))
    }

    /// What somebody has said.
    pub async fn chirps_of(&self, user: &str, arguments: &str) -> Answer {
        let document = format!("query($id: ID!) {{ user(by: {{ id: $id }}) {{ {} }} }}", page(arguments));
        self.graphql(&document, json!({ "id": user })).await
    }

    /// Where the feed's log stands.
    pub async fn feed_cursor(&self) -> String {
        self.feed("first: 1").await.text("/chirps/eventCursor")
    }
}

/// What the chirps of a page say.
pub fn messages(page: &Value) -> Vec<String> {
    let nodes = page["nodes"].as_array().unwrap_or_else(|| panic!("no page: {page}"));
    nodes.iter().map(|node| node["message"].as_str().expect("a chirp says something").to_owned()).collect()
}

/// What is asked of a frame of the feed.
pub fn frame_selection() -> String {
    let chirp = |kind| format!("... on {kind} {{ chirp {{ {CHIRP} }} }}");
    format!(
        "__typename cursor {} {} ... on ChirpDeleted {{ chirpId }} ... on StreamReset {{ reason }}",
        chirp("ChirpPosted"),
        chirp("ChirpUpdated")
    )
}

impl Socket {
    /// `chirpEvents`: each value is a frame with its `__typename`.
    pub async fn chirps(&self, after: Option<&str>) -> Subscription {
        self.chirps_of_kinds(after, None).await
    }

    /// `chirpEvents` of some kinds only.
    pub async fn chirps_of_kinds(&self, after: Option<&str>, kinds: Option<&[&str]>) -> Subscription {
        let document = format!(
            "subscription($after: Cursor, $kinds: [ChirpEventKind!]) {{ \
             chirpEvents(after: $after, kinds: $kinds) {{ {} }} }}",
            frame_selection()
        );
        self.subscribe(&document, json!({ "after": after, "kinds": kinds })).await
    }
}

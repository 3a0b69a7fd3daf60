//! Blocks: who wants nothing to do with whom.

use serde_json::{Value, json};

use crate::{Answer, User};

impl User {
    /// Blocks another.
    pub async fn block(&self, other: &User) {
        assert_eq!(self.try_block(&other.id).await.ok("/userBlock/user/viewerHasBlocked"), true);
    }

    /// Blocks whoever has this id.
    pub async fn try_block(&self, other: &str) -> Answer {
        self.mutate("userBlock", json!({ "id": other }), "user { id viewerHasBlocked }").await
    }

    /// Lifts the block of another.
    pub async fn unblock(&self, other: &User) {
        assert_eq!(self.try_unblock(&other.id).await.ok("/userUnblock/user/viewerHasBlocked"), false);
    }

    /// Lifts the block of whoever has this id.
    pub async fn try_unblock(&self, other: &str) -> Answer {
        self.mutate("userUnblock", json!({ "id": other }), "user { id viewerHasBlocked }").await
    }

    /// A page of those that the user has blocked; `arguments` as GraphQL text, such as `first: 10`.
    pub async fn blocked(&self, arguments: &str) -> Answer {
        let document = format!(
            "{{ viewer {{ blockedUsers({arguments}) {{ edges {{ cursor blockedAt node {{ username viewerHasBlocked }} }} \
             nodes {{ username }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        self.graphql(&document, Value::Null).await
    }
}

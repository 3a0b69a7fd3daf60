//! What admins do to keep somebody out of a room.

use serde_json::{Value, json};

use crate::{Answer, User};

/// The fields of a ban that tests compare.
pub const ROOM_BAN: &str = "user { id } bannedBy { id } reason createdAt until";

impl User {
    /// Bans somebody until that is lifted, and gives the cursor of that event.
    pub async fn ban(&self, room: &str, user: &User) -> String {
        self.try_ban(json!({ "threadId": room, "userId": user.id })).await.text("/roomBanCreate/cursor")
    }

    /// Bans whoever the input says.
    pub async fn try_ban(&self, input: Value) -> Answer {
        self.mutate("roomBanCreate", input, &format!("roomBan {{ {ROOM_BAN} }} cursor")).await
    }

    /// Lifts a ban, and gives the cursor of that event.
    pub async fn unban(&self, room: &str, user: &User) -> String {
        self.try_unban(room, &user.id).await.text("/roomBanDelete/cursor")
    }

    /// Lifts the ban of whoever has this id.
    pub async fn try_unban(&self, room: &str, user: &str) -> Answer {
        let input = json!({ "threadId": room, "userId": user });
        self.mutate("roomBanDelete", input, "unbannedUserId cursor").await
    }

    /// A page of a room's bans; `arguments` as GraphQL text, such as `first: 10`.
    pub async fn bans(&self, room: &str, arguments: &str) -> Value {
        let document = format!(
            "query($id: ID!) {{ thread(id: $id) {{ bans({arguments}) {{ edges {{ cursor node {{ user {{ id }} }} }} \
             nodes {{ {ROOM_BAN} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        self.graphql(&document, json!({ "id": room })).await.ok("/thread/bans").clone()
    }
}

//! Who is kept out of a room, and who asks whether they are.

use serde_json::{Value, json};

use super::Walk;

impl Walk<'_> {
    pub(super) async fn bans(&mut self, found: &[Value]) {
        let (server, reader) = (self.server, self.reader);
        let room = reader.create_room("A room with a door").await;
        let ids: Vec<_> = found.iter().map(|edge| &edge["node"]["id"]).filter(|id| **id != *reader.id).collect();
        server.record_statements().await;
        for id in &ids[..5] {
            let input =
                json!({ "threadId": room, "userId": id, "reason": "a reason", "until": "2999-01-01T00:00:00Z" });
            reader.try_ban(input).await.ok("/roomBanCreate/roomBan");
        }
        reader.try_unban(&room, ids[0].as_str().unwrap()).await.ok("/roomBanDelete/unbannedUserId");
        self.keep("banning").await;
        server.record_statements().await;
        let page = reader.bans(&room, "first: 2").await;
        let end = &page["pageInfo"]["endCursor"];
        let rest = reader.bans(&room, &format!("first: 3, after: {end}")).await;
        assert_eq!(rest["nodes"].as_array().unwrap().len(), 2);
        self.keep("bans").await;
    }
}

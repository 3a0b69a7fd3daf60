//! Who mentions the reader, and where.

use serde_json::json;
use tests::Client;

use super::Walk;

impl Walk<'_> {
    pub(super) async fn mentions(&mut self) {
        let (server, reader) = (self.server, self.reader);
        let other = Client::anonymous(server).sign_up("mentioning").await;
        let (group, room) = (reader.create_group(&[&other]).await, reader.create_room("A room with names").await);
        other.join(&room).await;
        let name = format!("@{}", reader.username);
        server.record_statements().await;
        for thread in [&group, &room] {
            for number in 0..3 {
                let sent = other.send(thread, &format!("{name}, number {number}")).await;
                other.edit(&sent, &format!("{name} once more, number {number}")).await;
            }
        }
        self.keep("mentioning").await;
        let counts = "{ viewer { threads(first: 20) { nodes { viewerState { unreadCount mentionCount } } } } }";
        self.ask("counts of mentions", counts, json!({})).await;
        server.record_statements().await;
        let page = reader.try_mentions("first: 2").await;
        let end = page.ok("/viewer/mentions/pageInfo/endCursor").clone();
        let rest = reader.try_mentions(&format!("first: 3, after: {end}")).await;
        assert_eq!(rest.list("/viewer/mentions/nodes").len(), 3);
        assert_eq!(reader.mentions_in(&reader.mentions().await[0]).await.len(), 1);
        self.keep("mentions").await;
    }
}

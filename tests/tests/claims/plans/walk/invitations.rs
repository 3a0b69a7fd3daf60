//! Links to a group: made, looked at, taken, listed and withdrawn.

use serde_json::{Value, json};
use tests::Client;

use super::Walk;

impl Walk<'_> {
    pub(super) async fn invitations(&mut self) {
        let (server, reader) = (self.server, self.reader);
        let others =
            [Client::anonymous(server).sign_up("invited").await, Client::anonymous(server).sign_up("other").await];
        let group = reader.create_group(&[]).await;
        server.record_statements().await;
        let mut made = Vec::new();
        for _ in 0..4 {
            made.push(reader.try_invite(json!({ "threadId": group, "maxUses": 5 })).await);
        }
        let code = made[0].text("/threadInvitationCreate/code");
        for other in &others {
            assert_ne!(other.preview(&code).await, Value::Null);
            other.accept(&code).await;
        }
        reader.revoke_invitation(&made[1].text("/threadInvitationCreate/threadInvitation/id")).await;
        self.keep("inviting").await;
        server.record_statements().await;
        let page = reader.invitations(&group, "first: 1").await;
        let end = &page["pageInfo"]["endCursor"];
        let rest = reader.invitations(&group, &format!("first: 2, after: {end}")).await;
        assert_eq!(rest["nodes"].as_array().unwrap().len(), 2);
        self.keep("invitations").await;
    }
}

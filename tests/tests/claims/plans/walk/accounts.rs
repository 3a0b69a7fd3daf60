//! Accounts, and what speaks for them.

use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::mail::RESET;

use super::Walk;

impl Walk<'_> {
    /// What one does with what speaks for one's account.
    pub(super) async fn credentials(&mut self) {
        let (server, reader) = (self.server, self.reader);
        let device = json!({ "id": "an id that a client keeps", "name": "A telephone" });
        server.record_statements().await;
        let on_device = reader.sign_in_on(&reader.username, device.clone()).await;
        reader.sign_in_on(&reader.username, device).await;
        let refreshed = reader.refresh(&on_device.refresh_token).await;
        self.keep("signing in").await;
        server.record_statements().await;
        let key = reader.create_key(&["READ"]).await;
        assert!(key.user.is_signed_in().await && refreshed.is_signed_in().await);
        self.keep("an API key").await;
        for (step, list) in
            [("sessions", "sessions"), ("devices", "devices"), ("API keys", "apiKeys"), ("the audit log", "auditLog")]
        {
            let page = format!(
                "query($after: Cursor) {{ viewer {{ {list}(first: 20, after: $after) {{ edges {{ cursor node {{ id }} }} }} }} }}"
            );
            let found = self.ask(step, &page, json!({})).await;
            self.ask(step, &page, json!({ "after": found[0]["cursor"] })).await;
        }
        server.record_statements().await;
        let devices = reader.graphql("{ viewer { devices { nodes { id } } } }", Value::Null).await;
        let id = devices.text("/viewer/devices/nodes/0/id");
        reader
            .mutate("deviceUpdate", json!({ "id": id, "name": "Another" }), "device { id }")
            .await
            .ok("/deviceUpdate");
        reader.mutate("deviceRemove", json!({ "id": id }), "removedId").await.ok("/deviceRemove");
        reader.revoke_key(&key.id).await.ok("/apiKeyRevoke");
        reader.mutate("sessionRevokeOthers", json!({}), "session { id }").await.ok("/sessionRevokeOthers");
        self.keep("ending what speaks for an account").await;
    }

    /// Another password, twice: as who knows it, and as who reads the account's mail. The mails are sent meanwhile.
    pub(super) async fn account(&mut self) {
        let (server, reader) = (self.server, self.reader);
        let email = reader.graphql("{ viewer { email } }", json!({})).await.text("/viewer/email");
        server.record_statements().await;
        let input = json!({ "currentPassword": PASSWORD, "newPassword": "another long secret" });
        reader.mutate("accountChangePassword", input, "viewer { email }").await.ok("/accountChangePassword/viewer");
        reader.mutate("accountVerifyEmail", json!({ "token": "lnv_" }), "user { id }").await.data();
        self.keep("changing a password").await;
        server.record_statements().await;
        reader.mutate("passwordResetRequest", json!({ "email": email }), "").await.ok("/passwordResetRequest/errors");
        let code = server.mail_to(&email, RESET, 1).await.code();
        let input = json!({ "token": code, "newPassword": PASSWORD });
        reader.mutate("passwordReset", input, "user { id }").await.ok("/passwordReset/user/id");
        self.keep("setting a password anew").await;
    }
}

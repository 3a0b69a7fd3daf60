//! What admins do to let people come by themselves, and what those do with it.

use serde_json::{Value, json};

use crate::{Answer, Client, User};

/// The fields of an invitation that tests compare.
pub const INVITATION: &str = "id createdBy { id } createdAt role expiresAt maxUses useCount";

impl Client {
    /// What whoever holds a code sees; null if it is not good.
    pub async fn preview(&self, code: &str) -> Value {
        let document =
            "query($code: String!) { threadInvitation(code: $code) { title participantCount invitedBy { id } } }";
        self.graphql(document, json!({ "code": code })).await.ok("/threadInvitation").clone()
    }
}

impl User {
    /// Makes an invitation as it usually is, and gives its code.
    pub async fn invite(&self, thread: &str) -> String {
        self.try_invite(json!({ "threadId": thread })).await.text("/threadInvitationCreate/code")
    }

    /// Makes an invitation as the input says.
    pub async fn try_invite(&self, input: Value) -> Answer {
        let select = format!("threadInvitation {{ {INVITATION} }} code");
        self.mutate("threadInvitationCreate", input, &select).await
    }

    /// Comes by an invitation.
    pub async fn accept(&self, code: &str) -> String {
        self.try_accept(code).await.text("/threadInvitationAccept/cursor")
    }

    /// Comes by an invitation.
    pub async fn try_accept(&self, code: &str) -> Answer {
        let select = "thread { id viewerState { role } } cursor";
        self.mutate("threadInvitationAccept", json!({ "code": code }), select).await
    }

    /// Withdraws an invitation.
    pub async fn revoke_invitation(&self, id: &str) {
        self.try_revoke_invitation(id).await.ok("/threadInvitationRevoke/revokedId");
    }

    /// Withdraws an invitation.
    pub async fn try_revoke_invitation(&self, id: &str) -> Answer {
        self.mutate("threadInvitationRevoke", json!({ "id": id }), "revokedId").await
    }

    /// A page of the invitations to a thread; `arguments` as GraphQL text, such as `first: 10`.
    pub async fn invitations(&self, thread: &str, arguments: &str) -> Value {
        let document = format!(
            "query($id: ID!) {{ thread(id: $id) {{ invitations({arguments}) {{ edges {{ cursor node {{ id }} }} \
             nodes {{ {INVITATION} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        self.graphql(&document, json!({ "id": thread })).await.ok("/thread/invitations").clone()
    }
}

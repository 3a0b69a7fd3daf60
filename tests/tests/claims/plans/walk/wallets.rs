//! Everything that is done with wallets and with referral codes.

use tests::account::PASSWORD;

use super::*;

impl Walk<'_> {
    /// Everything that is done with wallets.
    pub(super) async fn wallets(&mut self) {
        let (server, reader) = (self.server, self.reader);
        let anonymous = Client::anonymous(server);
        server.record_statements().await;
        let ids = [reader.connect(&Wallet::number(1)).await, reader.connect(&Wallet::number(2)).await];
        anonymous.sign_in_with(&Wallet::number(1)).await.session_wallet().await;
        let signed = Wallet::number(3).signed(&anonymous.challenge(&Wallet::number(3)).await);
        anonymous.try_sign_up_with(signed, json!({})).await.ok("/accountCreateWithWallet/user/id");
        self.keep("wallets that sign").await;
        let wallets = "query($after: Cursor) { viewer { wallets(first: 1, after: $after) { edges { cursor node { address } } } } }";
        let some = self.ask("wallets", wallets, json!({})).await;
        self.ask("the next page of wallets", wallets, json!({ "after": some[0]["cursor"] })).await;
        server.record_statements().await;
        let change = json!({ "id": ids[1], "label": "other", "isPrimary": true });
        reader.mutate("walletUpdate", change, "wallet { id }").await.ok("/walletUpdate/wallet/id");
        reader.try_remove_wallet(&ids[1]).await.ok("/walletRemove/removedId");
        self.keep("changing wallets").await;
    }

    /// Everything that is done with referral codes.
    pub(super) async fn referrals(&mut self) {
        self.server.record_statements().await;
        let made = self.reader.mutate("referralCodeCreate", json!({}), "referralCode { id code }").await;
        let code = made.text("/referralCodeCreate/referralCode/code");
        for name in ["referred-1", "referred-2"] {
            let email = format!("{name}@example.org");
            let input = json!({ "username": name, "email": email, "password": PASSWORD, "referralCode": code });
            let answer = Client::anonymous(self.server).mutate("accountCreate", input, "user { id }").await;
            answer.ok("/accountCreate/user/id");
        }
        self.keep("coming by a code").await;
        let codes = "query($code: Cursor, $after: Cursor) { viewer { referralCodes(first: 5, after: $code) { nodes { code \
            referrals(first: 1, after: $after) { edges { cursor node { user { username } } } } } } } }";
        self.ask("referral codes", codes, json!({})).await;
        let page = self.reader.graphql(codes, json!({})).await;
        let after = page.ok("/viewer/referralCodes/nodes/0/referrals/edges/0/cursor");
        self.ask("the next page of referrals", codes, json!({ "after": after })).await;
        self.server.record_statements().await;
        let id = made.text("/referralCodeCreate/referralCode/id");
        self.reader.mutate("referralCodeDisable", json!({ "id": id }), "referralCode { id }").await;
        self.keep("ending a code").await;
    }
}

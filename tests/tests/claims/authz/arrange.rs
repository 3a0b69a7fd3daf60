//! For each mutation something that it may be asked to change: made anew for each who asks, so that nobody finds it changed.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::account::PASSWORD;
use tests::id::with_prefix;
use tests::mail::{PROVE, RESET};
use tests::mint::uri;
use tests::{Client, Sent, User, Wallet};

use super::matrix::Role;
use super::people::{Caller, People};

/// Where changes are made.
pub(super) struct Scene<'a> {
    people: &'a People,
    /// An account that takes part in nothing.
    tom: User,
    numbers: AtomicU64,
}

impl<'a> Scene<'a> {
    pub(super) async fn new(people: &'a People) -> Self {
        Self { people, tom: people.world.user("tom").await, numbers: AtomicU64::new(1) }
    }

    /// A name that nothing has.
    fn fresh(&self, what: &str) -> String {
        format!("{what}{}", self.number())
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// A wallet that nobody has.
    fn wallet(&self) -> Wallet {
        Wallet::number(1_000 + self.number())
    }

    fn anonymous(&self) -> &Client {
        &self.people.world.anonymous
    }

    async fn account(&self, what: &str) -> User {
        self.people.world.user(&self.fresh(what)).await
    }

    /// Who asks, and with what input.
    pub(super) async fn arrange(&self, mutation: &str, place: &str, caller: &Caller) -> (Client, Value) {
        if place == "own" {
            let client = if is_of_oneself(mutation) { self.double(caller).await } else { caller.client.clone() };
            let input = self.of_accounts(mutation, &client).await;
            return (client, input);
        }
        (caller.client.clone(), self.of_threads(mutation, place, caller).await)
    }

    /// The same for all who may not. None of them changes anything, so there is one thing that all of them ask for, unless it is of
    /// themselves.
    pub(super) async fn arrange_once(&self, mutation: &str, place: &str, callers: &[&Caller]) -> Vec<(Client, Value)> {
        let of_themselves = place == "own" && (is_of_oneself(mutation) || mutation == "walletConnect");
        match callers {
            [first, ..] if !of_themselves => {
                let (_, input) = self.arrange(mutation, place, first).await;
                callers.iter().map(|caller| (caller.client.clone(), input.clone())).collect()
            }
            _ => join_all(callers.iter().map(|caller| self.arrange(mutation, place, caller))).await,
        }
    }

    /// Another in the same standing, for what nobody does twice.
    async fn double(&self, caller: &Caller) -> Client {
        match caller.role {
            Role::Anonymous | Role::Suspended | Role::Expired | Role::ReadKey | Role::WriteKey => caller.client.clone(),
            Role::Guest => (*self.people.world.guest(&self.fresh("guest")).await).clone(),
            Role::Administrator => {
                let user = self.account("admin").await;
                self.people.world.grant_admin(&user.username).await;
                (*user).clone()
            }
            _ => (*self.account("double").await).clone(),
        }
    }

    async fn of_threads(&self, mutation: &str, place: &str, caller: &Caller) -> Value {
        let People { adam, olive, .. } = self.people;
        let thread = self.people.thread(place).await;
        let sent = match place {
            "closed" => {
                Sent { id: self.people.closed.ids["message"][0].clone(), cursor: olive.event_cursor(&thread).await }
            }
            _ => {
                // The one direct thread there is may have been put away.
                olive.try_archive(&thread, false).await;
                olive.send(&thread, "something to say").await
            }
        };
        let with_tom = async || {
            adam.try_add(&thread, &self.tom.id).await;
            json!({ "threadId": thread, "userId": self.tom.id })
        };
        if mutation == "reactionRemove" {
            let reaction = json!({ "messageId": sent.id, "emoji": "👍" });
            caller.client.mutate("reactionAdd", reaction, "").await;
        }
        let input = match mutation {
            "assistantRetry" => json!({ "messageId": self.unanswered(place, &thread, &sent).await }),
            "messageSend" => json!({ "threadId": thread, "content": "hello" }),
            "messageEdit" => json!({ "id": sent.id, "content": "changed" }),
            "messageDelete" => json!({ "id": sent.id }),
            "reactionAdd" => json!({ "messageId": sent.id, "emoji": "👍" }),
            "reactionRemove" => json!({ "messageId": sent.id, "emoji": "👍" }),
            "participantAdd" => json!({ "threadId": thread, "userId": self.tom.id }),
            "participantRemove" => with_tom().await,
            "participantSetRole" => {
                let mut input = with_tom().await;
                input["role"] = json!("ADMIN");
                input
            }
            "roomBanCreate" => json!({ "threadId": thread, "userId": self.tom.id }),
            "roomBanDelete" => {
                let input = json!({ "threadId": thread, "userId": self.tom.id });
                adam.try_ban(input.clone()).await;
                input
            }
            "threadInvitationCreate" => json!({ "threadId": thread }),
            // Of another kind of thread there is none.
            "threadInvitationAccept" => {
                let made = adam.try_invite(json!({ "threadId": thread })).await;
                json!({ "code": made.json.pointer("/data/threadInvitationCreate/code").and_then(Value::as_str).unwrap_or("lni_none") })
            }
            "threadInvitationRevoke" => {
                let made = adam.try_invite(json!({ "threadId": thread })).await;
                let id = made.json.pointer("/data/threadInvitationCreate/threadInvitation/id").and_then(Value::as_str);
                json!({ "id": id.map_or_else(|| with_prefix("inv", &thread), str::to_owned) })
            }
            // Away with it, or back again.
            "threadArchive" => json!({ "id": thread, "archived": !["archived", "closed"].contains(&place) }),
            "threadJoin" | "threadLeave" | "threadMute" | "threadUnmute" => json!({ "id": thread }),
            "threadMarkDelivered" | "threadMarkRead" => json!({ "threadId": thread, "upTo": sent.cursor }),
            "threadUpdate" => json!({ "id": thread, "title": "Another title" }),
            "typingSignal" => json!({ "threadId": thread }),
            other => panic!("{other} is not arranged in {place}"),
        };
        if place == "archived" {
            adam.archive(&thread).await;
        }
        input
    }

    /// A question that the assistant has not answered.
    async fn unanswered(&self, place: &str, thread: &str, sent: &Sent) -> String {
        // What is in a thread that is closed has such a one.
        if place == "closed" {
            return sent.id.clone();
        }
        let asked = self.people.olive.send(thread, "something to ask").await;
        let failed = "INSERT INTO assistant_answers (question_id, thread_id, status, failure, attempts, asked_at, updated_at) \
                      SELECT id, thread_id, 'failed', 'busy', 1, created_at, created_at FROM messages \
                      WHERE content = 'something to ask' ON CONFLICT DO NOTHING";
        self.people.world.database.execute(failed).await;
        asked.id
    }

    async fn of_accounts(&self, mutation: &str, client: &Client) -> Value {
        match mutation {
            "threadCreate" => json!({ "group": { "participantIds": [self.tom.id] } }),
            "nftCollectionCreate" => json!({ "name": "Birds", "symbol": "BIRD" }),
            "mintRequest" => json!({ "collectionId": self.birds().await, "metadataUri": uri(1) }),
            "mintBatchRequest" => json!({ "collectionId": self.birds().await, "metadataUris": [uri(1)] }),
            "profileUpdate" => json!({ "bio": "something else" }),
            "userBlock" | "userUnblock" => json!({ "id": self.tom.id }),
            "userSuspend" | "userUnsuspend" => json!({ "id": self.account("victim").await.id }),
            "referralCodeCreate" | "sessionRevokeOthers" | "accountVerifyEmailSend" => json!({}),
            "apiKeyCreate" => json!({ "name": "a key", "scopes": ["READ"] }),
            "attachmentUploadCreate" => json!({ "name": "a.png", "type": "image/png", "size": 3 }),
            "chirpCreate" => json!({ "message": "something to say" }),
            "chirpDelete" => json!({ "id": self.people.olive.chirp("to be deleted").await.id }),
            "chirpUpdate" => json!({ "id": self.people.olive.chirp("to be changed").await.id, "message": "changed" }),
            "diaryEntryCreate" => json!({ "entryDate": "2026-11-22", "title": "a day", "content": "nothing" }),
            "accountChangeEmail" => json!({ "email": self.address(), "password": PASSWORD }),
            "accountChangePassword" => json!({ "currentPassword": PASSWORD, "newPassword": "another good password" }),
            "accountDeactivate" => json!({ "password": PASSWORD }),
            "accountDelete" => json!({ "password": PASSWORD }),
            "accountExport" => json!({}),
            "accountUpgrade" => json!({ "email": self.address(), "password": PASSWORD }),
            "failedJobForget" | "failedJobRetry" => json!({ "id": self.failed_job().await }),
            "failedJobRetryAll" => json!({}),
            "jobBatchCancel" => json!({ "id": self.people.world.server.begin_batch(&[], None).await }),
            "walletChallengeCreate" => json!({ "address": self.wallet().address, "chainId": 1 }),
            "walletConnect" => self.to_connect(client).await,
            _ if is_of_another(mutation) => self.of_olive(mutation).await,
            _ => self.of_entering(mutation).await,
        }
    }

    /// A collection that everybody may add to.
    async fn birds(&self) -> String {
        self.people.olive.collection(true, None).await
    }

    /// Tokens that Olive has asked for, queued for good: their job has come to its end.
    async fn queued(&self) -> Value {
        let olive = &self.people.olive;
        let batch = olive.ended_mint_batch(&olive.request_mints(&self.birds().await, 1).await).await;
        self.people.world.database.execute("UPDATE minting_queue_items SET status = 'queued'").await;
        batch
    }

    /// A job that was given up.
    async fn failed_job(&self) -> String {
        let batch = self.people.world.server.begin_batch(&[-1], None).await;
        let finished = self.people.ada.finished_batch(&batch).await;
        finished["failedJobIds"][0].as_str().expect("a job was given up").to_owned()
    }

    fn address(&self) -> String {
        format!("{}@example.net", self.fresh("address"))
    }

    async fn signed(&self, wallet: &Wallet) -> Value {
        wallet.signed(&self.anonymous().challenge(wallet).await)
    }

    /// A wallet's message, which is given to the very account that connects it; to those who get none, another's.
    async fn to_connect(&self, client: &Client) -> Value {
        let wallet = self.wallet();
        let given = client.try_challenge(&wallet.address, 1).await;
        let mut signed =
            match given.json.pointer("/data/walletChallengeCreate/challenge/message").and_then(Value::as_str) {
                Some(message) => wallet.signed(message),
                None => self.signed(&wallet).await,
            };
        signed["password"] = json!(PASSWORD);
        signed
    }

    /// What is Olive's alone.
    async fn of_olive(&self, mutation: &str) -> Value {
        let olive = &self.people.olive;
        match mutation {
            "apiKeyRevoke" => json!({ "id": olive.create_key(&["READ"]).await.id }),
            "deviceRemove" => json!({ "id": self.device().await }),
            "deviceUpdate" => json!({ "id": self.device().await, "name": "another name" }),
            "diaryEntryDelete" => json!({ "id": olive.write_diary("2026-11-22", "a day", "nothing").await }),
            "diaryEntryUpdate" => {
                json!({ "id": olive.write_diary("2026-11-22", "a day", "nothing").await, "title": "b" })
            }
            "mintCancel" => json!({ "id": self.queued().await["mints"]["nodes"][0]["id"] }),
            "mintBatchCancel" => json!({ "id": self.queued().await["id"] }),
            "nftCollectionUpdate" => json!({ "id": self.birds().await, "isOpen": false }),
            "referralCodeDisable" => {
                let made = olive.mutate("referralCodeCreate", json!({}), "referralCode { id }").await;
                json!({ "id": made.text("/referralCodeCreate/referralCode/id") })
            }
            "sessionRevoke" => json!({ "id": self.anonymous().sign_in("olive").await.session }),
            "walletRemove" => json!({ "id": olive.connect(&self.wallet()).await, "password": PASSWORD }),
            "walletUpdate" => json!({ "id": olive.connect(&self.wallet()).await, "label": "another" }),
            other => panic!("{other} is not arranged"),
        }
    }

    /// A device on which Olive has signed in.
    async fn device(&self) -> String {
        let device = json!({ "id": format!("kept by its client {}", self.number()), "name": "a telephone" });
        let olive = self.anonymous().sign_in_on("olive", device).await;
        let answer = olive.graphql("{ viewer { session { device { id } } } }", Value::Null).await;
        answer.text("/viewer/session/device/id")
    }

    /// What whoever comes has to show.
    async fn of_entering(&self, mutation: &str) -> Value {
        match mutation {
            "accountCreate" => {
                json!({ "username": self.fresh("new"), "email": self.address(), "password": PASSWORD })
            }
            "accountCreateWithWallet" => {
                let mut input = self.signed(&self.wallet()).await;
                input["username"] = json!(self.fresh("walletuser"));
                input
            }
            "accountVerifyEmail" => {
                let user = self.account("unproved").await;
                json!({ "token": self.people.world.server.mail_to(&user.email(), PROVE, 1).await.code() })
            }
            "passwordReset" => {
                let user = self.account("forgetful").await;
                let request = json!({ "email": user.email() });
                self.anonymous().mutate("passwordResetRequest", request, "").await.ok("/passwordResetRequest");
                let code = self.people.world.server.mail_to(&user.email(), RESET, 1).await.code();
                json!({ "token": code, "newPassword": "another good password" })
            }
            "passwordResetRequest" => json!({ "email": self.tom.email() }),
            "sessionCreate" => json!({ "login": self.tom.username, "password": PASSWORD }),
            "sessionCreateGuest" => json!({ "username": self.fresh("guest") }),
            "sessionCreateWithWallet" => {
                let wallet = self.wallet();
                self.tom.connect(&wallet).await;
                self.signed(&wallet).await
            }
            "sessionRefresh" => json!({ "refreshToken": self.account("tab").await.refresh_token }),
            other => panic!("{other} is not arranged"),
        }
    }
}

/// Whether a mutation is of the very account that asks for it, and leaves it another.
fn is_of_oneself(mutation: &str) -> bool {
    let of_account = mutation.starts_with("account") && !mutation.starts_with("accountCreate");
    (of_account && mutation != "accountVerifyEmail") || mutation == "sessionRevokeOthers"
}

/// Whether a mutation names by its id what is private to an account.
fn is_of_another(mutation: &str) -> bool {
    let nouns =
        ["apiKey", "device", "diaryEntry", "mint", "mintBatch", "nftCollection", "referralCode", "session", "wallet"];
    let verbs = ["Revoke", "Remove", "Update", "Delete", "Disable", "Cancel"];
    nouns.iter().any(|noun| mutation.strip_prefix(noun).is_some_and(|verb| verbs.contains(&verb)))
}

//! The archive: messages of threads in which nothing was said for long lie elsewhere, and nobody notices.

mod killed;
mod leaving;
mod moving;
mod reading;
mod retention;
mod writing;

use serde_json::{Value, json};
use tests::job::all_done;
use tests::{Database, Sent, Server, User, World};

/// For those who move the clock by months and stay signed in.
const PATIENT: [(&str, &str); 2] = [("LINNET_ACCESS_TOKEN_MINUTES", "5000000"), ("LINNET_SESSION_DAYS", "3650")];

/// Moves all messages there are to the archive, as who runs the server may; what was said of it.
async fn move_all(world: &World) -> String {
    let output = world.command(&["archive", "--days", "0"]).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// How many messages are in use, and how many are in the archive.
async fn places(database: &Database) -> [i64; 2] {
    let count = async |table: &str| database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    [count("messages").await, count("archived_messages").await]
}

/// Looks for recurring work, which must not have been looked for in the last hour, and waits until it is done.
async fn tend(server: &Server, database: &Database) {
    server.look_for_recurring_work().await;
    all_done(database).await;
}

/// Three who talk in a group, in all the ways there are.
struct Talk {
    users: [User; 3],
    group: String,
    sent: Vec<Sent>,
}

impl Talk {
    async fn begin(world: &World) -> Self {
        let users = world.users(["alice", "bob", "carol"]).await;
        let group = world.group(&users[0], &[&users[1], &users[2]]).await;
        let mut talk = Self { users, group, sent: Vec::new() };
        talk.go_on(20).await;
        talk
    }

    /// Says more, and does to it whatever can be done.
    async fn go_on(&mut self, count: usize) {
        let from = self.sent.len();
        for number in from..from + count {
            let user = &self.users[number % 3];
            let mut input = json!({ "threadId": self.group, "content": format!("message {number}"),
                "clientKey": format!("key {number}"), "metadata": { "number": number } });
            if number % 3 == 2 {
                input["parentId"] = json!(self.sent[number / 2].id);
            }
            if number % 4 == 1 {
                let file = |name: &str| {
                    json!({ "url": format!("https://example.org/{number}/{name}"),
                    "type": "image/png", "name": name, "size": number, "metadata": { "of": name } })
                };
                input["attachments"] = json!([file("a.png"), file("b.png")]);
            }
            self.sent.push(user.send_with(input).await);
        }
        for number in from..from + count {
            let (sent, [alice, bob, carol]) = (&self.sent[number], &self.users);
            if number % 4 < 2 {
                alice.react(sent, "👍").await;
                bob.react(sent, "👍").await;
                carol.react(sent, "🎉").await;
            }
            if number % 5 == 3 {
                self.users[number % 3].edit(sent, "edited").await;
                self.users[number % 3].edit(sent, "edited twice").await;
            }
            if number % 7 == 6 {
                self.users[number % 3].delete(sent).await;
            }
        }
        self.users[0].mark_read(&self.group, &self.sent[from + count / 2].cursor).await;
        self.users[1].mark_delivered(&self.group, &self.sent[from + count / 2].cursor).await;
    }

    /// All that a user can ask about it, and what is answered.
    async fn as_seen_by(&self, user: &User) -> Value {
        let thread = json!({ "id": self.group });
        let message = "id content version clientKey metadata status statusTimestamps { sent delivered read } editedAt deletedAt \
            sender { id } parent { id content } replyCount revisions(last: 5) { version content createdAt } \
            attachments { id url type name size metadata createdAt } reactions { emoji count viewerHasReacted users(first: 5) { id } } \
            receipts { user { id } deliveredAt readAt }";
        let ask = async |select: &str| {
            let document = format!("query($id: ID!) {{ thread(id: $id) {{ {select} }} }}");
            user.graphql(&document, thread.clone()).await.ok("/thread").clone()
        };
        let pages = [
            ask(&format!("messages(last: 40) {{ edges {{ cursor node {{ {message} }} }} }}")).await,
            ask(&format!("messages(first: 7) {{ nodes {{ {message} }} pageInfo {{ hasNextPage hasPreviousPage }} }}"))
                .await,
            ask("messages(last: 20) { nodes { replies(first: 3) { nodes { id content } pageInfo { hasNextPage } } } }")
                .await,
            ask("lastMessage { id content } lastMessageAt eventCursor viewerState { unreadCount lastReadCursor }")
                .await,
        ];
        let mut each = Vec::new();
        for sent in &self.sent {
            let around = format!(
                "messages(around: \"{}\", first: 5) {{ nodes {{ id }} pageInfo {{ hasNextPage hasPreviousPage }} }}",
                sent.id
            );
            each.push(json!([user.message(&sent.id, message).await, ask(&around).await]));
        }
        let unread = user.graphql("{ viewer { unreadThreadCount } }", Value::Null).await.data().clone();
        let events = user.all_events(&self.group, None).await;
        json!({ "pages": pages, "each": each, "unread": unread, "events": events })
    }

    /// What everybody sees of it.
    async fn as_seen(&self) -> Vec<Value> {
        let mut seen = Vec::new();
        for user in &self.users {
            seen.push(self.as_seen_by(user).await);
        }
        seen
    }
}

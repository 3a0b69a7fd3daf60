//! Everything that clients do all day, once, with the statements that each step takes.

mod accounts;
mod archive;
mod assistant;
mod bans;
mod invitations;
mod jobs;
mod mentions;
mod tokens;
mod uploads;
mod wallets;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::control::Statement;
use tests::{Client, Endpoint, Sent, Server, Socket, User, Wallet, eventually};

use crate::statements::{MESSAGES, THREADS};

const ROOMS: &str = "query($after: Cursor) { rooms(first: 20, after: $after) { edges { cursor node { \
    id title lastMessage { content sender { username } } } } } }";

const USERS: &str = "query($search: String, $after: Cursor) { users(search: $search, first: 20, after: $after) { \
    edges { cursor node { id username profile { displayName } } } } }";

const PARTICIPANTS: &str = "query($id: ID!, $role: ParticipantRole, $after: Cursor) { thread(id: $id) { \
    participants(first: 20, role: $role, after: $after) { totalCount \
    edges { cursor node { role lastReadCursor user { id username } } } } } }";

const UNREAD: &str = "query($id: ID!) { thread(id: $id) { eventCursor \
    viewerState { unreadCount lastReadCursor } lastMessage { id } } }";

const REPLIES: &str = "query($id: ID!, $after: Cursor) { node(id: $id) { ... on Message { replyCount revisions { content } \
    replies(first: 20, after: $after) { edges { cursor node { id content sender { username } } } } } } }";

/// Does once what clients do all day, and keeps what each step sent to the database.
pub(super) async fn walk(
    server: &Server,
    reader: &User,
    endpoint: &Endpoint,
) -> BTreeMap<&'static str, Vec<Statement>> {
    let mut walk = Walk { server, reader, steps: BTreeMap::new() };
    let list = walk.ask("the list of threads", THREADS, json!({ "first": 20 })).await;
    let end = &list.last().unwrap()["cursor"];
    let further = THREADS
        .replace("first: $first", "first: $first, after: $after")
        .replace("$first: Int!", "$first: Int!, $after: Cursor");
    walk.ask("the next page of threads", &further, json!({ "first": 20, "after": end })).await;
    walk.ask(
        "archived threads",
        &THREADS.replace("first: $first", "archived: true, first: $first"),
        json!({ "first": 20 }),
    )
    .await;
    walk.ask("unread threads", "{ viewer { unreadThreadCount } }", json!({})).await;
    let rooms_found = walk.ask("rooms", ROOMS, json!({})).await;
    walk.ask("the next page of rooms", ROOMS, json!({ "after": rooms_found.first().map(|room| &room["cursor"]) }))
        .await;
    for (number, node) in [&list[0], &list[list.len() / 2]].into_iter().enumerate() {
        walk.thread(&node["node"]["id"], number).await;
    }
    let everyone = "{ viewer { threads(first: 100) { nodes { id participantCount } } } }";
    let all = reader.graphql(everyone, json!({})).await;
    let largest = all.list("/viewer/threads/nodes").iter().max_by_key(|thread| thread["participantCount"].as_i64());
    walk.thread(&largest.unwrap()["id"], 2).await;
    let found = walk.ask("users", USERS, json!({})).await;
    walk.ask("the next page of users", USERS, json!({ "after": found[19]["cursor"] })).await;
    walk.ask("users by name", USERS, json!({ "search": "an" })).await;
    let one = &found[3]["node"];
    walk.ask(
        "a user by name",
        "query($by: UserBy!) { user(by: $by) { id profile { bio } } }",
        json!({ "by": { "username": one["username"] } }),
    )
    .await;
    walk.ask("a node", "query($id: ID!) { node(id: $id) { id } }", json!({ "id": one["id"] })).await;
    walk.people(&found).await;
    walk.search(&largest.unwrap()["id"]).await;
    walk.diary().await;
    walk.feed().await;
    walk.uploads().await;
    walk.bans(&found).await;
    walk.invitations().await;
    walk.mentions().await;
    walk.inbox(all.text("/viewer/threads/nodes/0/id").as_str()).await;
    walk.ask("the own address", "{ viewer { email pendingEmail } }", json!({})).await;
    walk.wallets().await;
    walk.referrals().await;
    walk.tokens().await;
    walk.credentials().await;
    walk.imported().await;
    walk.export().await;
    walk.jobs().await;
    walk.assistant(endpoint).await;
    walk.account().await;
    walk.upkeep().await;
    walk.archive().await;
    walk.steps
}

struct Walk<'a> {
    server: &'a Server,
    reader: &'a User,
    steps: BTreeMap<&'static str, Vec<Statement>>,
}

impl Walk<'_> {
    /// Asks, keeps the statements, and gives the first list of edges or nodes in the answer.
    async fn ask(&mut self, step: &'static str, document: &str, variables: Value) -> Vec<Value> {
        self.server.record_statements().await;
        let answer = self.reader.graphql(document, variables).await;
        self.keep(step).await;
        first_list(answer.data()).cloned().unwrap_or_default()
    }

    async fn keep(&mut self, step: &'static str) {
        let statements = self.server.statements().await;
        assert!(!statements.is_empty(), "{step} was not recorded");
        self.steps.entry(step).or_default().extend(statements);
    }

    /// Everything that is done in one thread.
    async fn thread(&mut self, thread: &Value, number: usize) {
        let id = thread.as_str().unwrap();
        let (server, reader) = (self.server, self.reader);
        let newest = self.ask("the newest messages", MESSAGES, json!({ "id": id, "last": 50 })).await;
        let page = |declared: &str, arguments: &str| {
            MESSAGES.replace("$last: Int!", declared).replace("last: $last", arguments)
        };
        let (older, at) = (page("$at: Cursor", "last: 50, before: $at"), &newest[0]["cursor"]);
        let older = self.ask("older messages", &older, json!({ "id": id, "at": at })).await;
        let oldest = page("$first: Int", "first: $first");
        let oldest = self.ask("the oldest messages", &oldest, json!({ "id": id, "first": 50 })).await;
        let (next, at) = (page("$at: Cursor", "first: 50, after: $at"), &oldest.last().unwrap()["cursor"]);
        let next = self.ask("messages after a cursor", &next, json!({ "id": id, "at": at })).await;
        let about = &next.last().or(oldest.last()).unwrap()["node"]["id"];
        let around = page("$about: ID", "around: $about");
        self.ask("messages around one", &around, json!({ "id": id, "about": about })).await;
        let some = self.ask("participants", PARTICIPANTS, json!({ "id": id })).await;
        self.ask(
            "the next page of participants",
            PARTICIPANTS,
            json!({ "id": id, "after": some.last().unwrap()["cursor"] }),
        )
        .await;
        let admins = PARTICIPANTS.replace("totalCount ", "");
        self.ask("admins", &admins, json!({ "id": id, "role": "ADMIN" })).await;
        self.ask("unread messages", UNREAD, json!({ "id": id })).await;
        for edge in newest.iter().chain(&older).filter(|edge| !edge["node"]["parent"].is_null()).take(2) {
            let parent = &edge["node"]["parent"]["id"];
            let some = self.ask("replies", REPLIES, json!({ "id": parent })).await;
            self.ask("the next page of replies", REPLIES, json!({ "id": parent, "after": some[0]["cursor"] })).await;
        }
        // Backlogs, from far enough back that an index is worth it.
        let back = older.first().or(newest.first()).unwrap()["cursor"].as_str().unwrap();
        server.record_statements().await;
        assert!(!reader.poll_events(id, Some(back), 40).await.list("/thread/events/frames").is_empty());
        self.keep("a page of the log").await;
        let socket = Socket::connect(server, Some(&reader.token)).await;
        server.record_statements().await;
        let lines = socket.events(id, Some(back)).await.until("CaughtUp").await;
        assert!(lines.len() >= newest.len(), "{} lines of backlog", lines.len());
        self.keep("the backlog of a stream of events").await;
        server.record_statements().await;
        let mut messages = socket.messages(id, Some(back)).await;
        for _ in 0..newest.len() {
            messages.value().await;
        }
        self.keep("the backlog of a stream of messages").await;
        self.write(id, number).await;
    }

    /// Everything that one writes in a thread.
    async fn write(&mut self, id: &str, number: usize) {
        let (server, reader) = (self.server, self.reader);
        server.record_statements().await;
        let key = format!("plan {number}");
        let sent = reader.send_with(json!({ "threadId": id, "content": "hello", "clientKey": key })).await;
        let reply = reader.reply(id, &sent, "and a reply").await;
        self.keep("sending").await;
        let by_key = "query($id: ID!, $key: String!) { messageByClientKey(threadId: $id, clientKey: $key) { id } }";
        self.ask("a message by its key", by_key, json!({ "id": id, "key": key })).await;
        server.record_statements().await;
        reader.edit(&sent, "edited").await;
        reader.message(&sent.id, "revisions(last: 20) { content }").await;
        reader.react(&sent, "👍").await;
        reader.unreact(&sent, "👍").await;
        reader.delete(&reply).await;
        self.keep("changing a message").await;
        server.record_statements().await;
        reader.mark_read(id, &sent.cursor).await;
        reader.mark_delivered(id, &reply.cursor).await;
        self.keep("marking").await;
    }

    /// Blocking, whom one has blocked, and finding the others.
    async fn people(&mut self, found: &[Value]) {
        let (server, reader) = (self.server, self.reader);
        let ids: Vec<_> = found.iter().map(|edge| &edge["node"]["id"]).filter(|id| **id != *reader.id).collect();
        let direct = reader.try_create_direct(ids[0].as_str().unwrap()).await.text("/threadCreate/thread/id");
        server.record_statements().await;
        for id in &ids[..5] {
            reader.try_block(id.as_str().unwrap()).await.ok("/userBlock/user");
        }
        reader.try_unblock(ids[4].as_str().unwrap()).await.ok("/userUnblock/user");
        self.keep("blocking").await;
        server.record_statements().await;
        let page = reader.blocked("first: 2").await;
        let end = page.text("/viewer/blockedUsers/pageInfo/endCursor");
        assert_eq!(
            reader.blocked(&format!("first: 2, after: \"{end}\"")).await.list("/viewer/blockedUsers/nodes").len(),
            2
        );
        self.keep("the blocked").await;
        self.ask("users beside the blocked", USERS, json!({})).await;
        self.ask("users by a name of several", USERS, json!({ "search": "a" })).await;
        server.record_statements().await;
        reader.try_create_direct(ids[6].as_str().unwrap()).await.ok("/threadCreate/thread");
        reader.try_create_group(&[ids[7].as_str().unwrap(), ids[8].as_str().unwrap()]).await.ok("/threadCreate/thread");
        reader.mute(&direct, None).await;
        self.keep("making threads").await;
    }

    /// Everything that one does in one's diary.
    async fn diary(&mut self) {
        let (server, reader) = (self.server, self.reader);
        server.record_statements().await;
        let mut ids = Vec::new();
        for day in 1..=9 {
            ids.push(reader.write_diary(&format!("2026-11-0{day}"), "A day", "Nothing but rain").await);
        }
        reader.try_edit_diary(json!({ "id": ids[0], "mood": "wet" })).await.ok("/diaryEntryUpdate/diaryEntry");
        reader.try_delete_diary(&ids[1]).await.ok("/diaryEntryDelete/deletedId");
        reader.diary_entry(&ids[2]).await;
        self.keep("writing a diary").await;
        server.record_statements().await;
        let end = reader.diary("first: 3").await.text("/viewer/diaryEntries/pageInfo/endCursor");
        for arguments in ["", "month: \"2026-11\", ", "search: \"RAIN\", ", "month: \"2026-11\", search: \"day\", "] {
            let page = reader.diary(&format!("{arguments}first: 3, after: \"{end}\"")).await;
            assert_eq!(page.list("/viewer/diaryEntries/nodes").len(), 3, "{arguments}");
        }
        self.keep("reading a diary").await;
    }

    /// Everything that can be searched for among messages: what is in many of them, what is in few, and what is in none.
    async fn search(&mut self, thread: &Value) {
        let (server, reader) = (self.server, self.reader);
        let page = reader.page(thread.as_str().unwrap(), "last: 50").await;
        let said = page.list("/thread/messages/edges").iter().find_map(|edge| {
            let content = edge["node"]["content"].as_str()?;
            let words = content.split(|one: char| !one.is_alphanumeric()).filter(|word| word.len() > 2);
            let words: Vec<&str> = words.collect();
            (words.len() > 1).then_some((words, &edge["node"]["sender"]["id"]))
        });
        let (words, sender) = said.expect("somebody has said something");
        server.record_statements().await;
        for arguments in [
            json!({ "query": format!("{} ", words[0]) }),
            json!({ "query": &words[0][..2], "first": 50 }),
            json!({ "query": format!("\"{} {}\"", words[0], words[1]), "threadId": thread }),
            json!({ "query": words[1], "senderId": sender, "sentSince": "2020-01-01T00:00:00Z" }),
            json!({ "query": "nobodyhassaidthis", "last": 5 }),
            json!({ "query": words[0], "metadata": [{ "key": "number", "value": 1 }] }),
        ] {
            let found = reader.search_with(arguments.clone()).await;
            let edges = found.list(tests::search::HITS);
            if let Some(last) = edges.last() {
                let mut next = arguments;
                next["after"] = last["cursor"].clone();
                reader.search_with(next).await.data();
            }
        }
        self.keep("searching for messages").await;
    }

    /// Everything that is said to everybody, and how it is read.
    async fn feed(&mut self) {
        let (server, reader) = (self.server, self.reader);
        server.record_statements().await;
        let mut said = Vec::new();
        for number in 0..9 {
            let input = json!({ "message": format!("chirp {number}"), "clientKey": format!("plan {number}") });
            let answer = reader.try_chirp(input).await;
            said.push(Sent { id: answer.text("/chirpCreate/chirp/id"), cursor: answer.text("/chirpCreate/cursor") });
        }
        reader.update_chirp(&said[0], "changed").await;
        reader.delete_chirp(&said[1]).await;
        self.keep("chirping").await;
        let chirp = "id message author { username }";
        let feed = format!(
            "query($after: Cursor) {{ chirps(first: 3, after: $after) {{ edges {{ cursor node {{ {chirp} }} }} }} }}"
        );
        let some = self.ask("the feed", &feed, json!({})).await;
        self.ask("the next page of the feed", &feed, json!({ "after": some[2]["cursor"] })).await;
        let of_people = format!(
            "query($after: Cursor) {{ users(first: 20) {{ nodes {{ chirps(first: 3, after: $after) {{ nodes {{ {chirp} }} }} }} }} }}"
        );
        self.ask("chirps of people", &of_people, json!({})).await;
        self.ask("the next page of chirps of people", &of_people, json!({ "after": some[2]["cursor"] })).await;
        self.ask("a chirp", "query($id: ID!) { node(id: $id) { id } }", json!({ "id": said[0].id })).await;
        server.record_statements().await;
        let socket = Socket::connect(server, None).await;
        let frames = socket.chirps(Some(&said[2].cursor)).await.until("CaughtUp").await;
        assert_eq!(frames.len(), 8);
        self.keep("the backlog of a stream of the feed").await;
    }

    /// Everything of one's own as one file.
    async fn export(&mut self) {
        let (server, reader) = (self.server, self.reader);
        server.record_statements().await;
        let export = reader.export(server).await;
        assert!(export["messages"].as_array().unwrap().len() > 100, "{} bytes", export.to_string().len());
        self.keep("an export").await;
    }

    /// Signing in by a hash that came from elsewhere, and beside those that are left.
    async fn imported(&mut self) {
        let path = self.server.data().join("users.csv");
        let vector = tests::import::vector("2b");
        let rows = ["one", "two", "three"].map(|name| format!("imported-{name},{name}@example.com,{}\n", vector.hash));
        std::fs::write(&path, format!("username,email,password_hash\n{}", rows.concat())).unwrap();
        super::run(self.server, &["user", "import", path.to_str().unwrap()]).await;
        self.server.record_statements().await;
        let input = json!({ "login": "imported-one", "password": vector.password });
        let answer = Client::anonymous(self.server).mutate("sessionCreate", input, "user { id }").await;
        answer.ok("/sessionCreate/user/id");
        self.keep("signing in for the first time").await;
    }

    /// The inbox, taken up again after something has changed.
    async fn inbox(&mut self, thread: &str) {
        let socket = Socket::connect(self.server, Some(&self.reader.token)).await;
        let mut inbox = socket.inbox(None).await;
        let here = inbox.event().await["cursor"].as_str().unwrap().to_owned();
        let sent: Sent = self.reader.send(thread, "news").await;
        self.server.record_statements().await;
        let frames = socket.inbox(Some(&here)).await.until("InboxCaughtUp").await;
        assert!(frames.iter().any(|frame| frame["thread"]["lastMessage"]["id"] == sent.id), "{frames:?}");
        self.keep("the inbox taken up again").await;
    }
}

impl Walk<'_> {
    /// What has expired is removed, which a job does.
    async fn upkeep(&mut self) {
        self.server.record_statements().await;
        self.server.remove_expired().await;
        // The last that it looks for.
        let last = |statement: &Statement| statement.sql.starts_with("DELETE FROM failed_jobs ");
        eventually("the job to be done", async || self.server.statements().await.iter().any(last).then_some(())).await;
        self.keep("removing what has expired").await;
        let removed = &self.steps["removing what has expired"];
        for table in ["refresh_tokens", "user_sessions", "wallet_nonces", "password_reset_tokens", "failed_jobs"] {
            let of_table = format!("DELETE FROM {table} ");
            assert!(removed.iter().any(|statement| statement.sql.starts_with(&of_table)), "{table}");
        }
    }
}

/// The first non-empty `edges` or `nodes` in an answer.
fn first_list(value: &Value) -> Option<&Vec<Value>> {
    let fields = value.as_object()?;
    let own = fields.get("edges").or(fields.get("nodes")).and_then(Value::as_array).filter(|list| !list.is_empty());
    own.or_else(|| fields.values().find_map(first_list))
}

//! Everybody in one world, and what is in it: a group, a direct thread and a room, each with all that a thread may have.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::upload::png;
use tests::{Answer, Client, Endpoint, Engine, User, World, wallet};

use super::canary::canary;
use super::matrix::Role;
use super::own;

/// How long ago the session that has expired began.
const LONG_AGO: Duration = Duration::from_hours(31 * 24);

/// One who asks.
pub(super) struct Caller {
    pub(super) role: Role,
    pub(super) client: Client,
    /// Who it is; nobody for the anonymous.
    pub(super) user: Option<User>,
}

impl Caller {
    /// Whether an answer says that the token is none, whatever was asked for.
    pub(super) fn is_refused_at_the_door(&self, answer: &Answer) -> bool {
        answer.status == 401 && self.user.is_some()
    }
}

/// What is to be asked for in one place, by name.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) ids: BTreeMap<&'static str, Vec<String>>,
}

impl Place {
    /// A text with ids in the place of their names: one for each combination; none if the place has no such id.
    pub(super) fn filled(&self, text: &str) -> Vec<String> {
        let Some((before, rest)) = text.split_once('@') else { return vec![text.to_owned()] };
        let end = rest.find(|one: char| !one.is_ascii_alphabetic()).unwrap_or(rest.len());
        let ids = self.ids.get(&rest[..end]).map(Vec::as_slice).unwrap_or_default();
        let rests = self.filled(&rest[end..]);
        ids.iter().flat_map(|id| rests.iter().map(move |rest| format!("{before}{}{rest}", json!(id)))).collect()
    }

    /// The same with any text for each name.
    pub(super) fn nameless(&self, text: &str) -> String {
        let mut parts = text.split('@');
        let first = parts.next().unwrap_or_default().to_owned();
        parts
            .fold(first, |text, part| format!("{text}\"\"{}", part.trim_start_matches(|one: char| one.is_alphabetic())))
    }

    fn new(name: &'static str) -> Self {
        Self { name, ids: BTreeMap::new() }
    }

    /// The thread that it is, or the first of them.
    pub(super) fn thread(&self) -> &str {
        &self.ids["thread"][0]
    }

    fn add(&mut self, name: &'static str, id: &str) {
        self.ids.entry(name).or_default().push(id.to_owned());
    }
}

/// Everybody.
pub(super) struct People {
    pub(super) world: World,
    /// What the assistant asks.
    #[expect(dead_code, reason = "it is there as long as everybody is")]
    endpoint: Endpoint,
    /// The assistant, which takes part in groups and rooms.
    assistant: String,
    /// The admin of the group and of the room.
    pub(super) adam: User,
    /// Whose everything is.
    pub(super) olive: User,
    /// A member of everything.
    pub(super) mia: User,
    /// Who has left.
    pub(super) exa: User,
    /// Who was removed.
    pub(super) bane: User,
    /// The administrator of the installation.
    pub(super) ada: User,
    /// Who was removed from nothing, and is in groups beside the others.
    pub(super) tim: User,
    /// The direct thread of the owner and of whom she has blocked.
    pub(super) closed: Place,
    /// Who is suspended at last.
    pub(super) sue: User,
    is_suspended: AtomicBool,
    emptied: Mutex<Option<String>>,
    pub(super) callers: Vec<Caller>,
}

impl People {
    /// Everybody, and no threads yet. Who is suspended is so from [`People::suspend`] on.
    pub(super) async fn meet(engine: Engine) -> Self {
        let mut settings = wallet::settings();
        let endpoint = Endpoint::start().await;
        let of_endpoint = endpoint.settings();
        settings.extend(of_endpoint.iter().map(|(name, value)| (*name, value.as_str())));
        settings.extend([
            ("LINNET_ASSISTANT_ANSWERS_PER_HOUR", "100000"),
            ("LINNET_WALLET_ACCOUNTS", "on"),
            // Many fields are asked for at once.
            ("LINNET_DOCUMENT_ROOT_FIELDS", "1000"),
            ("LINNET_DOCUMENT_ALIASES", "1000"),
            ("LINNET_DOCUMENT_COST", "1000000"),
            ("LINNET_DOCUMENT_SELECTIONS", "10000"),
            ("LINNET_DOCUMENT_TOKENS", "40000"),
            ("LINNET_DOCUMENT_VALUES", "1000000"),
            ("LINNET_HEARTBEAT_SECONDS", "1"),
            ("LINNET_LOBBY", "on"),
        ]);
        let world = World::start_with(engine, &settings).await;
        let expired = world.user("eve").await;
        world.server.advance_clock(LONG_AGO).await;
        let [adam, mia, exa, bane, blake, stan, tim, sue, ada] =
            world.users(["adam", "mia", "exa", "bane", "blake", "stan", "tim", "sue", "ada"]).await;
        let olive = own::sign_up(&world).await;
        let guest = world.guest("gus").await;
        world.grant_admin("ada").await;
        let (reading, writing) = (own::key(&olive, "READ").await, own::key(&olive, "WRITE").await);
        let caller = |role, user: &User| Caller { role, client: (**user).clone(), user: Some(user.clone()) };
        let callers = vec![
            Caller { role: Role::Anonymous, client: world.anonymous.clone(), user: None },
            caller(Role::Guest, &guest),
            caller(Role::Stranger, &stan),
            caller(Role::Blocked, &blake),
            caller(Role::ExMember, &exa),
            caller(Role::Banned, &bane),
            caller(Role::Member, &mia),
            caller(Role::ThreadAdmin, &adam),
            caller(Role::Owner, &olive),
            caller(Role::Suspended, &sue),
            caller(Role::Expired, &expired),
            caller(Role::ReadKey, &reading),
            caller(Role::WriteKey, &writing),
            caller(Role::Administrator, &ada),
        ];
        assert!(Role::all().eq(callers.iter().map(|caller| caller.role)), "everybody is there");
        let is_suspended = AtomicBool::new(false);
        let closed = Place::new("closed");
        let emptied = Mutex::default();
        let assistant = world.assistant().await;
        let mut people = Self {
            world,
            endpoint,
            assistant,
            adam,
            olive,
            mia,
            exa,
            bane,
            ada,
            tim,
            sue,
            closed,
            is_suspended,
            emptied,
            callers,
        };
        people.close(&blake).await;
        people
    }

    /// Closes the direct thread of two, of whom one has blocked the other, with all that it has.
    async fn close(&mut self, other: &User) {
        let thread = self.olive.create_direct(other).await;
        let mut place = Place::new("closed");
        self.fill(&mut place, &thread, &[&self.olive, other]).await;
        self.olive.block(other).await;
        self.closed = place;
    }

    /// Suspends who is to be suspended.
    pub(super) async fn suspend(&self) {
        self.ada.mutate("userSuspend", json!({ "id": self.sue.id }), "").await.ok("/userSuspend");
        self.is_suspended.store(true, Ordering::Relaxed);
    }

    /// A thread of a kind (`group`, `direct`, `room`, `closed`), a new one if there can be several, with everybody as their role has it.
    pub(super) async fn thread(&self, kind: &str) -> String {
        // There is one of each two only.
        match kind {
            "direct" => return self.olive.create_direct(&self.mia).await,
            "closed" => return self.closed.thread().to_owned(),
            _ => {}
        }
        let members = [&self.olive, &self.mia, &self.exa, &self.bane];
        let thread = if kind == "room" {
            let room = self.adam.create_room("A room").await;
            join_all(members.map(|member| member.join(&room))).await;
            room
        } else {
            self.adam.create_group(&members).await
        };
        // Nobody who is suspended can be added; who is a member may be suspended.
        if !self.is_suspended.load(Ordering::Relaxed) {
            self.adam.add(&thread, &self.sue).await;
        }
        self.adam.add(&thread, &self.tim).await;
        self.adam.add_assistant(&thread, &self.assistant).await;
        self.exa.leave(&thread).await;
        if kind == "room" {
            let reason = canary("RoomBan", "reason", kind);
            let ban = json!({ "threadId": thread, "userId": self.bane.id, "reason": reason, "until": "2999-01-01T00:00:00Z" });
            self.adam.try_ban(ban).await.ok("/roomBanCreate/roomBan");
        } else {
            self.adam.remove(&thread, &self.bane).await;
            self.adam.try_invite(json!({ "threadId": thread, "maxUses": 5 })).await.ok("/threadInvitationCreate/code");
        }
        thread
    }

    /// A thread of a kind that is in use, with everything that may be in it.
    pub(super) async fn place_in_use(&self, name: &'static str) -> Place {
        let mut place = Place::new(name);
        let thread = self.thread(name).await;
        self.fill(&mut place, &thread, &self.members(name)).await;
        if name == "direct" {
            self.olive.archive(&thread).await;
            self.olive.unarchive(&thread).await;
        }
        place
    }

    /// Begins another epoch of the logs, as restoring a backup does: every cursor of before is out of date.
    pub(super) async fn begin_another_epoch(&self) {
        self.world.server.stop().await;
        self.world.database.execute("UPDATE instance SET log_epoch = (log_epoch + 1) % 4294967295").await;
        self.world.server.launch();
        self.world.server.ready().await;
        // The clock that a test moves does not outlive its server.
        self.world.server.advance_clock(LONG_AGO).await;
    }

    /// Takes everybody out of a group.
    pub(super) async fn empty(&self, group: &str) {
        for member in [&self.olive, &self.mia] {
            self.adam.remove(group, member).await;
        }
        self.adam.leave(group).await;
        *self.emptied.lock().unwrap() = Some(group.to_owned());
    }

    /// Whether everybody was taken out.
    pub(super) fn is_empty(&self, thread: &str) -> bool {
        self.emptied.lock().unwrap().as_deref() == Some(thread)
    }

    /// Threads of a kind with everything that may be in them: one in use, and one that is archived. Of direct ones, the one.
    pub(super) async fn place(&self, name: &'static str) -> Place {
        let mut place = Place::new(name);
        let used: &[bool] = if name == "direct" { &[false] } else { &[true, false] };
        for in_use in used {
            let thread = self.thread(name).await;
            let members = self.members(name);
            self.fill(&mut place, &thread, &members).await;
            if !in_use {
                // Either of the two, or the admin.
                members.last().expect("somebody").archive(&thread).await;
            }
        }
        place
    }

    /// Who takes part in a thread of a kind: the owner, the member, and, but for direct ones, the others.
    fn members(&self, kind: &str) -> Vec<&User> {
        let mut members = vec![&self.olive, &self.mia];
        if kind != "direct" {
            members.extend([&self.sue, &self.tim, &self.adam]);
        }
        members
    }

    /// Puts into a thread whatever may be in one.
    async fn fill(&self, place: &mut Place, thread: &str, members: &[&User]) {
        let (name, olive, other) = (place.name, &self.olive, members[1]);
        if members.len() > 2 {
            let title = canary("Thread", "title", name);
            let change = json!({ "id": thread, "title": title, "retentionDays": 3650 });
            self.adam.mutate("threadUpdate", change, "thread { id }").await.ok("/threadUpdate/thread");
        }
        let upload = olive.upload(&self.world.server, "a.png", "image/png", &png()).await;
        let sent = olive
            .send_with(json!({
                "threadId": thread,
                "content": canary("MessageRevision", "content", name),
                "clientKey": canary("Message", "clientKey", name),
                "metadata": { "note": canary("Message", "metadata", name) },
                "attachments": [{
                    "url": format!("https://example.org/{}", canary("Attachment", "url", name)),
                    "name": canary("Attachment", "name", name),
                    "type": "image/png",
                    "size": 1,
                    "metadata": { "note": canary("Attachment", "metadata", name) },
                }, { "uploadId": upload }],
            }))
            .await;
        other.react(&sent, "👍").await;
        let to_olive = format!("{} @{}", canary("Message", "content", name), olive.username);
        let reply = other.reply(thread, &sent, &to_olive).await;
        olive.edit(&sent, &canary("Message", "content", name)).await;
        let taken_back = olive.send(thread, &canary("Message", "deleted", name)).await;
        olive.delete(&taken_back).await;
        let last = olive.send(thread, &canary("Message", "content", name)).await;
        for member in members {
            member.mark_delivered(thread, &last.cursor).await;
            member.mark_read(thread, &last.cursor).await;
            member.mute(thread, None).await;
        }
        // As if it had been asked something, so that there is an answer to read in every kind of thread.
        let answer = format!(
            "INSERT INTO assistant_answers (question_id, thread_id, answer_id, status, failure, attempts, retry_at, asked_at, \
             begun_at, updated_at) SELECT m.id, m.thread_id, (SELECT r.id FROM messages r WHERE r.parent_id = m.id), 'failed', \
             'busy', 1, m.created_at, m.created_at, m.created_at, m.created_at FROM messages m WHERE m.client_key = '{}' \
             ON CONFLICT DO NOTHING",
            canary("Message", "clientKey", name)
        );
        self.world.database.execute(&answer).await;
        place.add("thread", thread);
        place.add("any", thread);
        place.add("message", &sent.id);
        place.add("reply", &reply.id);
        place.add("deleted", &taken_back.id);
        let attachment = olive.message(&sent.id, "attachments { id }").await;
        for attachment in texts(&attachment["attachments"], "id") {
            place.add("attachment", &attachment);
        }
        place.ids.insert("clientKey", vec![canary("Message", "clientKey", name)]);
    }

    /// All places.
    pub(super) async fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for name in ["group", "direct", "room"] {
            places.push(self.place(name).await);
        }
        self.olive.archive(self.closed.thread()).await;
        places.push(self.closed.clone());
        let mut own = own::place(&self.world, &self.olive).await;
        own.ids.extend(own::of_administrators(&self.world, &self.ada).await);
        own.ids.insert("invitation", vec![self.ada.invite(&self.ada.create_group(&[]).await).await]);
        places.push(own);
        places
    }
}

/// The ids of a list, for [`Place`].
pub(super) fn place_of(name: &'static str, ids: impl IntoIterator<Item = (&'static str, Vec<String>)>) -> Place {
    Place { name, ids: ids.into_iter().collect() }
}

/// All texts at a key of a list's nodes.
pub(super) fn texts(nodes: &Value, key: &str) -> Vec<String> {
    let nodes = nodes.as_array().unwrap_or_else(|| panic!("no list: {nodes}"));
    nodes.iter().map(|node| node[key].as_str().unwrap_or_else(|| panic!("no {key}: {node}")).to_owned()).collect()
}

//! What a user does to threads. Plain verbs fail the test when they are refused; `try_` verbs give the answer.

use serde_json::{Value, json};

use crate::{Answer, User};

/// The fields of a thread that tests compare.
pub const THREAD: &str = "id kind title createdBy { id } createdAt updatedAt lastMessageAt archivedAt eventCursor \
    lastMessage { id } participantCount sharesReceipts \
    viewerState { role unreadCount lastReadAt lastReadCursor mutedUntil canSend canManage }";

/// The fields of a participant that tests compare.
pub const PARTICIPANT: &str = "user { id } role joinedAt lastReadAt lastReadCursor lastDeliveredCursor";

impl User {
    /// Opens the direct thread with another and gives its id.
    pub async fn create_direct(&self, other: &User) -> String {
        self.try_create_direct(&other.id).await.text("/threadCreate/thread/id")
    }

    /// Opens a direct thread with whoever has this id.
    pub async fn try_create_direct(&self, other: &str) -> Answer {
        self.try_create_thread(json!({ "direct": { "userId": other } })).await
    }

    /// Creates a group with the others and gives its id.
    pub async fn create_group(&self, others: &[&User]) -> String {
        let others: Vec<_> = others.iter().map(|user| user.id.as_str()).collect();
        self.try_create_group(&others).await.text("/threadCreate/thread/id")
    }

    /// Creates a group with whoever has these ids.
    pub async fn try_create_group(&self, others: &[&str]) -> Answer {
        self.try_create_thread(json!({ "group": { "title": "A group", "participantIds": others } })).await
    }

    /// Creates a public room and gives its id.
    pub async fn create_room(&self, title: &str) -> String {
        self.try_create_room(title).await.text("/threadCreate/thread/id")
    }

    /// Creates a public room.
    pub async fn try_create_room(&self, title: &str) -> Answer {
        self.try_create_thread(json!({ "room": { "title": title } })).await
    }

    /// Creates whatever the input says.
    pub async fn try_create_thread(&self, input: Value) -> Answer {
        self.mutate("threadCreate", input, &format!("thread {{ {THREAD} }}")).await
    }

    /// Gives the thread a title.
    pub async fn try_set_title(&self, thread: &str, title: Option<&str>) -> Answer {
        let select = format!("thread {{ {THREAD} }} cursor");
        self.mutate("threadUpdate", json!({ "id": thread, "title": title }), &select).await
    }

    /// Archives the thread.
    pub async fn archive(&self, thread: &str) -> String {
        self.try_archive(thread, true).await.text("/threadArchive/cursor")
    }

    /// Takes the thread back from the archive.
    pub async fn unarchive(&self, thread: &str) -> String {
        self.try_archive(thread, false).await.text("/threadArchive/cursor")
    }

    /// Archives the thread or takes it back.
    pub async fn try_archive(&self, thread: &str, archived: bool) -> Answer {
        let select = format!("thread {{ {THREAD} }} cursor");
        self.mutate("threadArchive", json!({ "id": thread, "archived": archived }), &select).await
    }

    /// Mutes a thread until a moment, or for ever, and gives until when it is muted now.
    pub async fn mute(&self, thread: &str, until: Option<&str>) -> String {
        self.try_mute(thread, until).await.text("/threadMute/thread/viewerState/mutedUntil")
    }

    /// Mutes a thread until a moment, or for ever.
    pub async fn try_mute(&self, thread: &str, until: Option<&str>) -> Answer {
        let input = json!({ "id": thread, "until": until });
        self.mutate("threadMute", input, "thread { id viewerState { mutedUntil } }").await
    }

    /// Lets a thread be heard again.
    pub async fn try_unmute(&self, thread: &str) -> Answer {
        self.mutate("threadUnmute", json!({ "id": thread }), "thread { id viewerState { mutedUntil } }").await
    }

    /// Joins a room and gives the cursor of that event.
    pub async fn join(&self, room: &str) -> String {
        self.try_join(room).await.text("/threadJoin/cursor")
    }

    /// Joins a room.
    pub async fn try_join(&self, room: &str) -> Answer {
        self.mutate("threadJoin", json!({ "id": room }), &format!("thread {{ {THREAD} }} cursor")).await
    }

    /// Leaves a thread.
    pub async fn leave(&self, thread: &str) {
        self.try_leave(thread).await.ok("/threadLeave/leftId");
    }

    /// Leaves a thread.
    pub async fn try_leave(&self, thread: &str) -> Answer {
        self.mutate("threadLeave", json!({ "id": thread }), "leftId").await
    }

    /// Adds a member and gives the cursor of that event.
    pub async fn add(&self, thread: &str, user: &User) -> String {
        self.try_add(thread, &user.id).await.text("/participantAdd/cursor")
    }

    /// Adds a member.
    pub async fn try_add(&self, thread: &str, user: &str) -> Answer {
        let select = format!("participant {{ {PARTICIPANT} }} cursor");
        self.mutate("participantAdd", json!({ "threadId": thread, "userId": user }), &select).await
    }

    /// Removes a member and gives the cursor of that event.
    pub async fn remove(&self, thread: &str, user: &User) -> String {
        self.try_remove(thread, &user.id).await.text("/participantRemove/cursor")
    }

    /// Removes a member.
    pub async fn try_remove(&self, thread: &str, user: &str) -> Answer {
        let input = json!({ "threadId": thread, "userId": user });
        self.mutate("participantRemove", input, "removedUserId cursor").await
    }

    /// Changes a member's role and gives the cursor of that event.
    pub async fn set_role(&self, thread: &str, user: &User, role: &str) -> String {
        self.try_set_role(thread, &user.id, role).await.text("/participantSetRole/cursor")
    }

    /// Changes a member's role.
    pub async fn try_set_role(&self, thread: &str, user: &str, role: &str) -> Answer {
        let select = format!("participant {{ {PARTICIPANT} }} cursor");
        let input = json!({ "threadId": thread, "userId": user, "role": role });
        self.mutate("participantSetRole", input, &select).await
    }

    /// Marks everything up to the cursor as read.
    pub async fn mark_read(&self, thread: &str, up_to: &str) -> Answer {
        let answer = self.try_mark("threadMarkRead", thread, up_to).await;
        answer.ok("/threadMarkRead/viewerState/unreadCount");
        answer
    }

    /// Marks everything up to the cursor as delivered.
    pub async fn mark_delivered(&self, thread: &str, up_to: &str) -> Answer {
        let answer = self.try_mark("threadMarkDelivered", thread, up_to).await;
        answer.ok("/threadMarkDelivered/viewerState/unreadCount");
        answer
    }

    /// Marks everything up to the cursor: `threadMarkRead` or `threadMarkDelivered`.
    pub async fn try_mark(&self, mutation: &str, thread: &str, up_to: &str) -> Answer {
        let select = "viewerState { role unreadCount lastReadAt lastReadCursor canSend canManage } cursor";
        self.mutate(mutation, json!({ "threadId": thread, "upTo": up_to }), select).await
    }

    /// Says that the user is typing.
    pub async fn try_type(&self, thread: &str) -> Answer {
        self.mutate("typingSignal", json!({ "threadId": thread }), "").await
    }

    /// The thread as this user sees it; null if it does not.
    pub async fn thread(&self, thread: &str) -> Value {
        let document = format!("query($id: ID!) {{ thread(id: $id) {{ {THREAD} }} }}");
        self.graphql(&document, json!({ "id": thread })).await.ok("/thread").clone()
    }

    /// How many messages of the thread the user has not read.
    pub async fn unread(&self, thread: &str) -> i64 {
        let document = "query($id: ID!) { thread(id: $id) { viewerState { unreadCount } } }";
        self.graphql(document, json!({ "id": thread })).await.number("/thread/viewerState/unreadCount")
    }

    /// Where the thread's log stands.
    pub async fn event_cursor(&self, thread: &str) -> String {
        let document = "query($id: ID!) { thread(id: $id) { eventCursor } }";
        self.graphql(document, json!({ "id": thread })).await.text("/thread/eventCursor")
    }

    /// The thread's participants, up to 100, as [`PARTICIPANT`] asks for them.
    pub async fn participants(&self, thread: &str) -> Vec<Value> {
        let document = format!(
            "query($id: ID!) {{ thread(id: $id) {{ participants(first: 100) {{ nodes {{ {PARTICIPANT} }} }} }} }}"
        );
        self.graphql(&document, json!({ "id": thread })).await.list("/thread/participants/nodes").clone()
    }
}

//! Unread counts and statuses against a model, under random operations.

use serde_json::json;
use tests::{Chance, Sent, User, World, claims};

claims![
    unread_counts_and_statuses_agree_with_a_model_under_random_operations,
    unread_counts_agree_with_a_model_in_a_room,
];

async fn unread_counts_and_statuses_agree_with_a_model_under_random_operations(world: World) {
    let mut chance = Chance::new();
    let users = world.users(["alice", "bob", "carol", "dave", "erin"]).await;
    let group = world.group(&users[0], &users[1..].iter().collect::<Vec<_>>()).await;
    let mut model = Model::new(users.len());
    for step in 0..120 {
        let did = act(&mut chance, &users, &group, &mut model, true).await;
        model.compare(&users, &group, true, &format!("step {step}: {did}")).await;
    }
}

async fn unread_counts_agree_with_a_model_in_a_room(world: World) {
    let mut chance = Chance::new();
    let users = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&users[0], &[&users[1], &users[2]]).await;
    let mut model = Model::new(users.len());
    for step in 0..80 {
        let did = act(&mut chance, &users, &room, &mut model, false).await;
        model.compare(&users, &room, false, &format!("step {step}: {did}")).await;
    }
}

/// What the server should know. Messages are counted from 1; a mark is the number of the last message it covers.
struct Model {
    messages: Vec<Message>,
    members: Vec<Member>,
}

struct Message {
    sent: Sent,
    sender: usize,
    deleted: bool,
    /// The last status seen: it must not go back.
    status: usize,
}

#[derive(Clone)]
struct Member {
    inside: bool,
    /// How many messages there were when it joined.
    joined: usize,
    read: usize,
    delivered: usize,
}

const STATUS: [&str; 3] = ["SENT", "DELIVERED", "READ"];

impl Model {
    fn new(members: usize) -> Self {
        let member = Member { inside: true, joined: 0, read: 0, delivered: 0 };
        Self { messages: Vec::new(), members: vec![member; members] }
    }

    fn unread(&self, user: usize) -> usize {
        self.messages[self.members[user].read..].iter().filter(|message| !message.deleted).count()
    }

    /// What the marks of those who count make of a message's status; nothing if nobody counts.
    fn status(&self, number: usize) -> Option<usize> {
        let counts = |(user, member): &(usize, &Member)| {
            member.inside && member.joined < number && *user != self.messages[number - 1].sender
        };
        let level = |member: &Member| match () {
            () if member.read >= number => 2,
            () if member.delivered >= number => 1,
            () => 0,
        };
        self.members.iter().enumerate().filter(counts).map(|(_, member)| level(member)).min()
    }

    async fn compare(&mut self, users: &[User], thread: &str, shared: bool, when: &str) {
        let document = "query($id: ID!) { thread(id: $id) { viewerState { unreadCount } participantCount \
            messages(last: 100) { nodes { id status deletedAt } } } viewer { unreadThreadCount } }";
        let inside = self.members.iter().filter(|member| member.inside).count();
        for (number, user) in users.iter().enumerate().filter(|(number, _)| self.members[*number].inside) {
            let answer = user.graphql(document, json!({ "id": thread })).await;
            let unread = self.unread(number);
            let who = format!("{} after {when}", user.username);
            assert_eq!(answer.ok("/thread/viewerState/unreadCount"), unread, "{who}");
            assert_eq!(answer.ok("/viewer/unreadThreadCount"), usize::from(unread > 0), "{who}");
            assert_eq!(answer.ok("/thread/participantCount"), inside, "{who}");
            let nodes = answer.list("/thread/messages/nodes");
            let first = self.messages.len() - nodes.len();
            for (place, node) in nodes.iter().enumerate() {
                let number = first + place + 1;
                let expected = if shared { self.status(number) } else { Some(0) };
                let message = &mut self.messages[number - 1];
                assert_eq!(node["id"], message.sent.id.as_str(), "{who}");
                assert_eq!(node["deletedAt"].is_string(), message.deleted, "{who}");
                let status = STATUS.iter().position(|status| node["status"] == *status).expect("a status");
                match expected {
                    Some(expected) => assert_eq!(status, expected.max(message.status), "message {number}, {who}"),
                    None => assert!(status >= message.status, "message {number} went back, {who}"),
                }
                message.status = status;
            }
        }
    }
}

/// Does something random, on the server and in the model, and tells what.
async fn act(chance: &mut Chance, users: &[User], thread: &str, model: &mut Model, group: bool) -> String {
    let actor = chance.below(users.len());
    let user = &users[actor];
    if !model.members[actor].inside {
        if group {
            users[0].add(thread, user).await;
        } else {
            user.join(thread).await;
        }
        let all = model.messages.len();
        model.members[actor] = Member { inside: true, joined: all, read: all, delivered: all };
        return format!("{} came back", user.username);
    }
    let count = model.messages.len();
    match chance.below(10) {
        0..=3 => {
            let sent = user.send(thread, "x").await;
            model.messages.push(Message { sent, sender: actor, deleted: false, status: 0 });
            model.members[actor].read = count + 1;
            format!("{} sent number {}", user.username, count + 1)
        }
        4 | 5 if count > 0 => {
            let up_to = 1 + chance.below(count);
            user.mark_read(thread, &model.messages[up_to - 1].sent.cursor).await;
            let read = &mut model.members[actor].read;
            *read = up_to.max(*read);
            format!("{} read up to {up_to}", user.username)
        }
        6 | 7 if count > 0 => {
            let up_to = 1 + chance.below(count);
            user.mark_delivered(thread, &model.messages[up_to - 1].sent.cursor).await;
            let delivered = &mut model.members[actor].delivered;
            *delivered = up_to.max(*delivered);
            format!("{} got up to {up_to}", user.username)
        }
        8 => {
            let own = |message: &Message| !message.deleted && (message.sender == actor || actor == 0);
            let Some(number) = model.messages.iter().rposition(own) else { return "nothing".to_owned() };
            user.delete(&model.messages[number].sent).await;
            model.messages[number].deleted = true;
            format!("{} deleted number {}", user.username, number + 1)
        }
        9 if actor != 0 => {
            user.leave(thread).await;
            model.members[actor].inside = false;
            format!("{} left", user.username)
        }
        _ => "nothing".to_owned(),
    }
}

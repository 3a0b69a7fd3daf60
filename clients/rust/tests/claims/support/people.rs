//! Who takes part in a test: accounts of their own, a room, and what is said in it.

use std::time::Duration;

use futures_util::future::join_all;
use linnet_client::operations::{Thread, ThreadCreate, thread, thread_create};
use linnet_client::scalars::{Cursor, Id};
use linnet_client::types::{AccountCreateInput, MessageFields, MessageSendInput, RoomThreadInput, ThreadCreateInput};
use linnet_client::{Builder, Linnet, Pace, new_client_key};

use super::DEADLINE;

/// A room, and where its log stood.
#[derive(Clone)]
pub(crate) struct Room {
    pub(crate) id: Id,
    pub(crate) after: Cursor,
}

pub(crate) fn unique() -> String {
    format!("t{}", &new_client_key()[..12])
}

/// A client that comes back quickly.
pub(crate) fn client(url: &str) -> Builder {
    let (first, most) = (Duration::from_millis(20), Duration::from_millis(200));
    Linnet::builder(url).pace(Pace { first, most }).timeout(DEADLINE)
}

/// Somebody who has just signed up, by this client.
pub(crate) async fn somebody(client: Builder) -> Linnet {
    let (linnet, username) = (client.build().unwrap(), unique());
    let (email, password) = (format!("{username}@example.org"), format!("secret of {username}"));
    linnet.sign_up(AccountCreateInput { username, email, password, ..Default::default() }).await.unwrap();
    linnet
}

pub(crate) async fn room(linnet: &Linnet) -> Room {
    let input = ThreadCreateInput::Room(RoomThreadInput { title: unique() });
    let created = linnet.mutate::<ThreadCreate>(thread_create::Variables { input }).await.unwrap();
    let thread = created.thread_create.thread.unwrap();
    Room { id: thread.thread_fields.id, after: thread.event_cursor }
}

pub(crate) async fn say(linnet: &Linnet, room: &Room, content: &str) -> MessageFields {
    let input = MessageSendInput { thread_id: room.id.clone(), content: content.to_owned(), ..Default::default() };
    linnet.message_send(input).await.unwrap().message
}

/// Says so many things, by many who speak at once.
pub(crate) async fn shout(linnet: &Linnet, room: &Room, messages: usize) {
    let voices = (0..16).map(async |voice| {
        for number in (voice..messages).step_by(16) {
            say(linnet, room, &format!("message {number}")).await;
        }
    });
    join_all(voices).await;
}

/// The ids of all messages of a thread, as its pages have them.
pub(crate) async fn listed(linnet: &Linnet, room: &Room) -> Vec<Id> {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let variables = thread::Variables { id: room.id.clone(), first: Some(50), after, ..Default::default() };
        let page = linnet.query::<Thread>(variables).await.unwrap().thread.unwrap().messages;
        ids.extend(page.edges.into_iter().map(|edge| edge.node.id));
        if !page.page_info.has_next_page {
            return ids;
        }
        after = page.page_info.end_cursor;
    }
}

//! The promise that all else is for: whatever happens to connections, an application is given each frame once, and in order.

use std::time::Duration;

use futures_util::TryStreamExt;
use linnet_client::operations::{ThreadEvents, thread_events};
use linnet_client::scalars::Id;
use linnet_client::types::{ThreadEventKind, ThreadFrameFieldsOn};
use linnet_client::{Linnet, Tokens};
use tokio::time::sleep;

use super::support::{Proxy, Room, Server, client, listed, number, room, shout, somebody, within};

const MESSAGES: usize = 800;
const CUTS: usize = 30;

/// Some cuts come in the middle of a handshake, most in the middle of a frame.
fn somewhere() -> usize {
    let far = if chance(10) { 400 } else { 15_000 };
    1 + number() % far
}

fn chance(one_in: usize) -> bool {
    number().is_multiple_of(one_in)
}

/// What a reader is given whose connection is cut off so many times, and how many of the cuts came before the last message.
async fn read(server: &Server, tokens: Option<Tokens>, room: &Room, naps: bool) -> (Vec<Id>, usize) {
    let proxy = Proxy::to(server.address).await;
    proxy.plans(|cuts| (cuts < CUTS).then(somewhere));
    let reader: Linnet = client(&proxy.url()).tokens(tokens).build().unwrap();
    let (thread_id, after, kinds) =
        (room.id.clone(), Some(room.after.clone()), Some(vec![ThreadEventKind::MessagePosted]));
    let mut frames = reader.stream::<ThreadEvents>(thread_events::Variables { thread_id, after, kinds });
    let mut given = Vec::new();
    let mut cuts = 0;
    while given.len() < MESSAGES {
        let frame = within("the next frame", frames.try_next()).await.unwrap().unwrap().thread_events;
        let ThreadFrameFieldsOn::MessagePosted(posted) = frame.on else { continue };
        if given.len() < MESSAGES - 1 {
            cuts = proxy.cuts();
        }
        given.push(posted.message.unwrap().id);
        if naps && chance(50) {
            sleep(Duration::from_millis(u64::try_from(number() % 20).unwrap())).await;
        }
    }
    (given, cuts)
}

#[tokio::test]
async fn each_message_is_given_once_and_in_order_however_often_the_connection_is_cut() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let quick = read(&server, ann.tokens(), &room, false);
    let slow = read(&server, ann.tokens(), &room, true);
    let (quick, slow, ()) = tokio::join!(quick, slow, shout(&ann, &room, MESSAGES));
    let said = listed(&ann, &room).await;
    for (given, cuts) in [quick, slow] {
        assert_eq!(given, said);
        assert_eq!(cuts, CUTS, "not all of the cuts came before the last message");
    }
}

//! What is generated: it is typed, and a newer server does not break it.

use futures_util::{StreamExt, TryStreamExt};
use linnet_client::Error;
use linnet_client::operations::{ThreadEvents, thread_events};
use linnet_client::types::{MessageStatus, ThreadFrameFieldsOn, UserErrorCode, UserErrorFields, UserKind};
use serde_json::{Value, from_value, json};

use super::support::{Relay, Room, Server, client, room, say, somebody, within};

fn events(room: &Room) -> thread_events::Variables {
    thread_events::Variables { thread_id: room.id.clone(), after: Some(room.after.clone()), kinds: None }
}

/// A server that says something else of each message that is posted.
fn newer(change: impl Fn(&mut Value) + Send) -> impl FnMut(Value) -> Option<Value> + Send {
    move |mut message| {
        let frame = &mut message["payload"]["data"]["threadEvents"];
        if frame["__typename"] == "MessagePosted" {
            change(frame);
        }
        Some(message)
    }
}

#[tokio::test]
async fn a_value_of_an_enum_that_is_not_known_is_itself() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let relay = Relay::to(server.address).await;
    relay.rewrites(newer(|frame| {
        frame["message"]["status"] = "FRAMED".into();
        frame["message"]["sender"]["kind"] = "CHOIR".into();
        frame["message"]["mood"] = "fields that are not known are passed over".into();
    }));
    say(&ann, &room, "framed").await;
    let reader = client(&relay.url()).tokens(ann.tokens()).build().unwrap();
    let mut frames = reader.stream::<ThreadEvents>(events(&room));
    let frame = within("the message", frames.try_next()).await.unwrap().unwrap().thread_events;
    let ThreadFrameFieldsOn::MessagePosted(posted) = frame.on else { panic!("another frame: {frame:?}") };
    let message = posted.message.unwrap();
    assert_eq!(message.content.as_deref(), Some("framed"));
    assert_eq!(message.status, MessageStatus::Other("FRAMED".to_owned()));
    assert_eq!(message.sender.unwrap().kind, UserKind::Other("CHOIR".to_owned()));
}

#[tokio::test]
async fn a_frame_of_a_kind_that_is_not_known_is_one_still_and_the_stream_goes_on_behind_it() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let relay = Relay::to(server.address).await;
    relay.rewrites(newer(|frame| {
        if frame["message"]["content"] == "pinned" {
            frame["__typename"] = "MessagePinned".into();
        }
    }));
    for content in ["posted", "pinned"] {
        say(&ann, &room, content).await;
    }
    let reader = client(&relay.url()).tokens(ann.tokens()).build().unwrap();
    let mut frames = reader.stream::<ThreadEvents>(events(&room));
    let mut given = Vec::new();
    while given.len() < 4 {
        given.push(within("the next frame", frames.try_next()).await.unwrap().unwrap().thread_events);
        if given.len() == 3 {
            relay.cut_all();
        }
    }
    assert!(matches!(given[0].on, ThreadFrameFieldsOn::MessagePosted(_)));
    assert_eq!(given[1].on, ThreadFrameFieldsOn::Unknown);
    assert_eq!(given[2].on, ThreadFrameFieldsOn::CaughtUp);
    assert_eq!(given[3].on, ThreadFrameFieldsOn::CaughtUp);
    assert!(room.after < given[0].cursor && given[0].cursor < given[1].cursor);
    assert_eq!(relay.asked()[1]["after"], given[1].cursor.as_str());
}

#[tokio::test]
async fn a_frame_that_is_not_as_the_schema_says_is_not_taken_for_something_new() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let relay = Relay::to(server.address).await;
    relay.rewrites(newer(|frame| frame["message"]["version"] = "first".into()));
    say(&ann, &room, "odd").await;
    let reader = client(&relay.url()).tokens(ann.tokens()).build().unwrap();
    let mut frames = reader.stream::<ThreadEvents>(events(&room));
    let frame = within("an error", frames.try_next()).await;
    assert!(matches!(frame, Err(Error::Protocol(_))), "{frame:?}");
    assert!(within("the end", frames.next()).await.is_none());
}

#[test]
fn an_unknown_value_is_written_as_it_was_read() {
    let error = json!({ "code": "FROZEN", "message": "Too cold.", "path": [] });
    let error: UserErrorFields = from_value(error).unwrap();
    assert_eq!(error.code, UserErrorCode::Other("FROZEN".to_owned()));
    assert_eq!(serde_json::to_value(&error.code).unwrap(), "FROZEN");
}

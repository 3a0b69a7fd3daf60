//! How streams go on, and when they end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use linnet_client::operations::{
    InboxChanges, MessageAdded, ThreadEvents, ThreadJoin, Viewer, inbox_changes, message_added, thread_events,
    thread_join, viewer,
};
use linnet_client::types::{
    InboxFrameFieldsOn, MessageFields, ThreadEventKind, ThreadFields, ThreadFrameFields, ThreadFrameFieldsOn,
    ThreadJoinInput,
};
use linnet_client::{Error, Linnet};
use nix::sys::signal::Signal;

use super::support::{Proxy, Relay, Room, Server, client, eventually, listed, room, say, shout, somebody, within};

type Frames<T> = BoxStream<'static, Result<T, Error>>;

fn events(linnet: &Linnet, room: &Room, kinds: Option<Vec<ThreadEventKind>>) -> Frames<thread_events::ResponseData> {
    let (thread_id, after) = (room.id.clone(), Some(room.after.clone()));
    linnet.stream::<ThreadEvents>(thread_events::Variables { thread_id, after, kinds })
}

fn messages(linnet: &Linnet, room: &Room) -> Frames<message_added::ResponseData> {
    let (thread_id, after) = (room.id.clone(), room.after.clone());
    linnet.stream::<MessageAdded>(message_added::Variables { thread_id, after })
}

fn inbox(linnet: &Linnet) -> Frames<inbox_changes::ResponseData> {
    linnet.stream::<InboxChanges>(inbox_changes::Variables { after: None })
}

/// What the next messages say.
async fn contents(messages: &mut Frames<message_added::ResponseData>, count: usize) -> Vec<String> {
    let mut said = Vec::new();
    while said.len() < count {
        let frame = within("the next message", messages.try_next()).await.unwrap().unwrap();
        said.push(frame.message_added.node.content.unwrap());
    }
    said
}

/// The next frame that is one of these.
async fn next_of(
    frames: &mut Frames<thread_events::ResponseData>,
    is_one: impl Fn(&ThreadFrameFieldsOn) -> bool,
) -> ThreadFrameFields {
    loop {
        let frame = within("the next frame", frames.try_next()).await.unwrap().unwrap().thread_events;
        if is_one(&frame.on) {
            return frame;
        }
    }
}

/// Waits for one of these.
async fn inbox_next_of(frames: &mut Frames<inbox_changes::ResponseData>, is_one: impl Fn(&InboxFrameFieldsOn) -> bool) {
    while !is_one(&within("the next frame", frames.try_next()).await.unwrap().unwrap().inbox_changes.on) {}
}

async fn caught_up(frames: &mut Frames<thread_events::ResponseData>) -> ThreadFrameFields {
    next_of(frames, |frame| *frame == ThreadFrameFieldsOn::CaughtUp).await
}

async fn posted(frames: &mut Frames<thread_events::ResponseData>) -> MessageFields {
    match next_of(frames, |frame| matches!(frame, ThreadFrameFieldsOn::MessagePosted(_))).await.on {
        ThreadFrameFieldsOn::MessagePosted(posted) => posted.message.unwrap(),
        _ => unreachable!("it is one"),
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_with_what_was_said_while_it_was_away() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let proxy = Proxy::to(server.address).await;
    let reader = client(&proxy.url()).tokens(ann.tokens()).build().unwrap();
    let mut stream = messages(&reader, &room);
    say(&ann, &room, "one").await;
    assert_eq!(contents(&mut stream, 1).await, ["one"]);
    proxy.shut();
    say(&ann, &room, "two").await;
    say(&ann, &room, "three").await;
    let said = tokio::spawn(async move { contents(&mut stream, 2).await });
    proxy.open();
    assert_eq!(said.await.unwrap(), ["two", "three"]);
}

#[tokio::test]
async fn what_had_arrived_and_was_not_taken_when_the_cut_came_is_given_once() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let proxy = Proxy::to(server.address).await;
    let reader = client(&proxy.url()).tokens(ann.tokens()).build().unwrap();
    let mut stream = events(&reader, &room, None);
    caught_up(&mut stream).await;
    for _ in 0..2 {
        shout(&ann, &room, 20).await;
        proxy.cut_all();
    }
    let mut ids = Vec::new();
    while ids.len() < 40 {
        ids.push(posted(&mut stream).await.id);
    }
    assert_eq!(ids, listed(&ann, &room).await);
}

#[tokio::test]
async fn a_server_that_is_killed_or_stopped_and_comes_back_is_gone_on_with() {
    let server = Server::start().await;
    let bob = somebody(client(&server.url())).await;
    let room = room(&bob).await;
    let mut stream = messages(&bob, &room);
    say(&bob, &room, "before").await;
    assert_eq!(contents(&mut stream, 1).await, ["before"]);
    for how in [Signal::SIGKILL, Signal::SIGTERM] {
        server.end(how);
        server.launch().await;
        say(&bob, &room, how.as_str()).await;
        assert_eq!(contents(&mut stream, 1).await, [how.as_str()]);
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_more_is_given_up() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let proxy = Proxy::to(server.address).await;
    let reader = client(&proxy.url()).tokens(ann.tokens()).silence(Duration::from_millis(2500)).build().unwrap();
    let mut stream = events(&reader, &room, None);
    caught_up(&mut stream).await;
    proxy.swallow();
    say(&ann, &room, "heard").await;
    assert_eq!(posted(&mut stream).await.content.as_deref(), Some("heard"));
    assert!(proxy.taken() > 1);
}

#[tokio::test]
async fn a_stream_that_falls_silent_on_a_socket_that_is_alive_is_asked_for_again() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let relay = Relay::pinging(server.address, Duration::from_millis(100)).await;
    let reader = client(&relay.url()).tokens(ann.tokens()).silence(Duration::from_millis(500)).build().unwrap();
    let mut stream = events(&reader, &room, None);
    caught_up(&mut stream).await;
    // Who asks again is told everything: one frame lost between others is nothing that a network does.
    let mut again = false;
    relay.rewrites(move |message| {
        again |= message["type"] == "connection_ack";
        (again || message["type"] != "next").then_some(message)
    });
    say(&ann, &room, "heard").await;
    assert_eq!(posted(&mut stream).await.content.as_deref(), Some("heard"));
    assert!(relay.asked().len() > 1);
}

#[tokio::test]
async fn heartbeats_stay_within_the_client_and_move_it_on() {
    let server = Server::start_with(&[("LINNET_HEARTBEAT_SECONDS", "1")]).await;
    let bob = somebody(client(&server.url())).await;
    let room = room(&bob).await;
    let relay = Relay::to(server.address).await;
    let beats: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&beats);
    relay.rewrites(move |message| {
        let frame = &message["payload"]["data"]["threadEvents"];
        if frame["__typename"] == "Heartbeat" {
            noted.lock().unwrap().push(frame["cursor"].as_str().unwrap().to_owned());
        }
        Some(message)
    });
    let reader = client(&relay.url()).tokens(bob.tokens()).build().unwrap();
    let mut stream = events(&reader, &room, Some(Vec::new()));
    caught_up(&mut stream).await;
    let more = tokio::spawn(async move { within("what comes next", stream.try_next()).await });
    say(&bob, &room, "of a kind that was not asked for").await;
    let is_further = || beats.lock().unwrap().last().is_some_and(|beat| beat.as_str() > room.after.as_str());
    eventually("a heartbeat behind it", is_further).await;
    assert!(!more.is_finished());
    relay.cut_all();
    let next = more.await.unwrap().unwrap().unwrap().thread_events;
    assert_eq!(next.on, ThreadFrameFieldsOn::CaughtUp);
    let after = relay.asked()[1]["after"].as_str().unwrap().to_owned();
    assert!(beats.lock().unwrap().contains(&after));
}

#[tokio::test]
async fn a_stream_that_is_reset_says_so_and_goes_on_from_there() {
    let server = Server::start().await;
    let bob = somebody(client(&server.url())).await;
    let room = room(&bob).await;
    let proxy = Proxy::to(server.address).await;
    let reader = client(&proxy.url()).build().unwrap();
    let mut stream = events(&reader, &room, None);
    caught_up(&mut stream).await;
    proxy.shut();
    say(&bob, &room, "lost from the log").await;
    // Beyond the retention of the log, and of the session.
    server.advance(91 * 24 * 3600).await;
    server.control("trim", "{}").await;
    proxy.open();
    let reset = next_of(&mut stream, |frame| matches!(frame, ThreadFrameFieldsOn::StreamReset(_))).await;
    let ThreadFrameFieldsOn::StreamReset(reset) = reset.on else { unreachable!("it is one") };
    assert!(reset.reason.starts_with("TRIMMED"), "{}", reset.reason);
    let carl = somebody(client(&server.url())).await;
    let input = ThreadJoinInput { id: room.id.clone() };
    carl.mutate::<ThreadJoin>(thread_join::Variables { input }).await.unwrap();
    say(&carl, &room, "new").await;
    assert_eq!(posted(&mut stream).await.content.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_token_that_has_run_out_by_the_time_of_a_cut_is_replaced_and_the_stream_goes_on() {
    let server = Server::start().await;
    let bob = somebody(client(&server.url())).await;
    let room = room(&bob).await;
    let proxy = Proxy::to(server.address).await;
    let reader = client(&proxy.url()).tokens(bob.tokens()).build().unwrap();
    let mut stream = inbox(&reader);
    let is_caught_up = |frame: &InboxFrameFieldsOn| *frame == InboxFrameFieldsOn::InboxCaughtUp;
    inbox_next_of(&mut stream, is_caught_up).await;
    server.advance(16 * 60).await;
    proxy.cut_all();
    inbox_next_of(&mut stream, is_caught_up).await;
    assert!(reader.tokens().is_some() && reader.tokens() != bob.tokens());
    say(&reader, &room, "here").await;
    let is_here = |thread: &ThreadFields| {
        let last = thread.last_message.as_ref().and_then(|message| message.content.as_deref());
        thread.id == room.id && last == Some("here")
    };
    inbox_next_of(
        &mut stream,
        |frame| matches!(frame, InboxFrameFieldsOn::InboxThread(changed) if is_here(&changed.thread)),
    )
    .await;
}

#[tokio::test]
async fn signing_out_ends_all_streams_and_the_session() {
    let server = Server::start().await;
    let bob = somebody(client(&server.url())).await;
    let elsewhere = client(&server.url()).tokens(bob.tokens()).build().unwrap();
    let room = room(&bob).await;
    let mut threads = events(&bob, &room, None);
    caught_up(&mut threads).await;
    let mut inbox = inbox(&bob);
    within("the first frame", inbox.try_next()).await.unwrap();
    let ends = tokio::spawn(async move { tokio::join!(threads.next(), inbox.next()) });
    assert!(bob.sign_out().await);
    assert!(matches!(within("the ends", ends).await.unwrap(), (None, None)));
    assert_eq!(bob.tokens(), None);
    let refusal = elsewhere.query::<Viewer>(viewer::Variables).await.unwrap_err();
    assert!(refusal.has_code("UNAUTHENTICATED"), "{refusal:?}");
}

#[tokio::test]
async fn a_session_that_ends_elsewhere_ends_the_stream() {
    let server = Server::start().await;
    let bob = somebody(client(&server.url())).await;
    let elsewhere = client(&server.url()).tokens(bob.tokens()).build().unwrap();
    let mut stream = inbox(&elsewhere);
    within("the first frame", stream.try_next()).await.unwrap();
    assert!(bob.sign_out().await);
    let end = within("the end", stream.try_next()).await.unwrap_err();
    assert!(end.has_code("UNAUTHENTICATED"), "{end:?}");
    assert_eq!(elsewhere.tokens(), None);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn what_does_not_pass_is_an_error() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let thread_id = "thr_01h455vb4pex5vsknk084sn02q".into();
    let mut stream = ann.stream::<ThreadEvents>(thread_events::Variables { thread_id, ..Default::default() });
    let error = within("an error", stream.try_next()).await.unwrap_err();
    assert!(error.has_code("NOT_FOUND"), "{error:?}");
}

#[tokio::test]
async fn a_stream_that_is_dropped_leaves_no_connection_behind() {
    let server = Server::start().await;
    let ann = somebody(client(&server.url())).await;
    let room = room(&ann).await;
    let proxy = Proxy::to(server.address).await;
    let reader = client(&proxy.url()).tokens(ann.tokens()).build().unwrap();
    let mut stream = events(&reader, &room, None);
    caught_up(&mut stream).await;
    assert_eq!(proxy.connected(), 1);
    drop(stream);
    eventually("the socket to be closed", || proxy.connected() == 0).await;
}

#[tokio::test]
async fn a_stream_that_was_away_for_longer_than_its_token_is_good_goes_on() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let (bob, cleo) = (somebody(client(&proxy.url())).await, somebody(client(&server.url())).await);
    let place = room(&cleo).await;
    let mut added = messages(&bob, &place);
    say(&cleo, &place, "before").await;
    assert_eq!(contents(&mut added, 1).await, ["before"]);
    let later = tokio::spawn(async move { contents(&mut added, 1).await });
    proxy.shut();
    server.advance(16 * 60).await;
    // More often than the server may fail at it.
    let taken = proxy.taken();
    eventually("it to be tried in vain", || proxy.taken() > taken + 10).await;
    proxy.open();
    say(&cleo, &place, "after").await;
    assert_eq!(later.await.unwrap(), ["after"]);
}

//! How a stream of events ends: with a word if it is not to be asked for again, without one if it is.

use serde_json::{Value, json};
use tests::{Events, Frame, World, claims};

use super::lines;

claims![
    a_session_that_ends_ends_its_streams,
    who_may_no_longer_read_is_told_so,
    a_server_that_stops_ends_streams_without_a_word,
    what_was_asked_is_answered_before_a_server_stops,
];

async fn a_session_that_ends_ends_its_streams(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let elsewhere = world.anonymous.sign_in("alice").await;
    let mut ended =
        [lines(&world, &alice, &thread, None, None).await, lines(&world, &alice, &thread, None, None).await];
    let mut stays = lines(&world, &elsewhere, &thread, None, None).await;
    for stream in ended.iter_mut().chain([&mut stays]) {
        stream.until("CaughtUp").await;
    }
    elsewhere.revoke_session(Some(&alice.session)).await.ok("/sessionRevoke/revokedId");
    for stream in &mut ended {
        stream.failed("UNAUTHENTICATED").await;
    }
    let sent = bob.send(&thread, "still there?").await;
    assert_eq!(stays.event().await["cursor"], sent.cursor.as_str());
}

async fn who_may_no_longer_read_is_told_so(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let mut events = lines(&world, &bob, &group, None, None).await;
    events.until("CaughtUp").await;
    alice.remove(&group, &bob).await;
    let mut last = events.event().await;
    while last["__typename"] != "AccessRevoked" {
        last = events.event().await;
    }
    assert_eq!(events.last_id.as_deref(), last["cursor"].as_str());
    events.completed().await;
    lines(&world, &bob, &group, None, None).await.failed("NOT_FOUND").await;
}

async fn a_server_that_stops_ends_streams_without_a_word(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut streams = Vec::new();
    for user in [&alice, &bob, &alice] {
        let mut stream = lines(&world, user, &thread, None, None).await;
        stream.until("CaughtUp").await;
        streams.push(stream);
    }
    let sent = alice.send(&thread, "the last").await;
    world.server.terminate();
    let mut last_ids = Vec::new();
    for stream in &mut streams {
        loop {
            match stream.next().await {
                Frame::Next(_) => {}
                Frame::Lost(_) => break,
                other => panic!("a client that is told {other:?} does not come back"),
            }
        }
        last_ids.push(stream.last_id.clone().unwrap());
    }
    assert_eq!(world.server.ended().await.code(), Some(0));
    world.server.restart().await;
    // Whoever comes back has missed nothing.
    let mut again = lines(&world, &bob, &thread, None, Some(&last_ids[1])).await;
    let missed = again.until("CaughtUp").await;
    assert!(last_ids[1] == sent.cursor || missed.iter().any(|frame| frame["cursor"] == sent.cursor.as_str()));
}

async fn what_was_asked_is_answered_before_a_server_stops(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let document =
        "mutation($input: MessageSendInput!) { messageSend(input: $input) { message { id } errors { code } } }";
    let mut streams = Vec::new();
    for number in 0..10 {
        let input = json!({ "input": { "threadId": thread, "content": number.to_string() } });
        // With the head of its answer, it has begun.
        streams.push(Events::ask(&world.server, Some(&alice.token), document, input).await);
    }
    world.server.terminate();
    let mut answered = Vec::new();
    for stream in &mut streams {
        let payload: Value = stream.value().await;
        answered.push(payload["message"]["id"].as_str().unwrap().to_owned());
        stream.completed().await;
    }
    assert_eq!(world.server.ended().await.code(), Some(0));
    world.server.restart().await;
    let mut stored: Vec<_> =
        bob.history(&thread).await.iter().map(|(_, message)| message["id"].as_str().unwrap().to_owned()).collect();
    stored.sort();
    answered.sort();
    assert_eq!(stored, answered);
}

//! Cut off and back again: an EventSource says where it stood, and misses and sees twice nothing.

use serde_json::{Value, json};
use tests::events::Asking;
use tests::{Chance, Events, Frame, Line, World, claims};

use super::lines;

claims![
    who_was_cut_off_sees_every_event_once,
    the_last_event_id_wins_over_the_document,
    an_inbox_goes_on_where_it_was,
    a_last_event_id_of_nothing_is_refused,
];

async fn who_was_cut_off_sees_every_event_once(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let start = bob.event_cursor(&group).await;
    let mut chance = Chance::new();
    let sending = async {
        for number in 0..120 {
            let sent = alice.send(&group, &number.to_string()).await;
            if number % 5 == 0 {
                carol.react(&sent, "👍").await;
            }
        }
        alice.try_set_title(&group, Some("The end")).await.text("/threadUpdate/cursor")
    };
    let watching = async {
        let (mut seen, mut last_id) = (Vec::new(), None::<String>);
        let mut cuts = 0;
        loop {
            // Always the document of the beginning: what it says is long past.
            let mut events = lines(&world, &bob, &group, Some(&start), last_id.as_deref()).await;
            let some = 1 + chance.below(15);
            for _ in 0..some {
                let frame = events.event().await;
                last_id.clone_from(&events.last_id);
                if frame["__typename"] == "CaughtUp" {
                    continue;
                }
                seen.push(Line::of(&frame));
                if frame["__typename"] == "ThreadChanged" {
                    return (seen, cuts);
                }
            }
            events.cut();
            cuts += 1;
        }
    };
    let (last, (seen, cuts)) = futures_util::future::join(sending, watching).await;
    assert!(cuts >= 8, "{cuts} cuts");
    let expected = alice.all_lines(&group, Some(&start)).await;
    assert_eq!(expected.last().map(|line| &line.cursor), Some(&last));
    assert_eq!(seen, expected);
}

async fn the_last_event_id_wins_over_the_document(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = bob.event_cursor(&thread).await;
    let sent = alice.send_many(&thread, 6).await;
    let document = "subscription($t: ID!, $a: Cursor) { messageAdded(threadId: $t, after: $a) { cursor } }";
    for after in [Some(&start), Some(&sent[4].cursor), None] {
        let asking = Asking { token: Some(&bob.token), last_event_id: Some(&sent[1].cursor), ..Asking::default() };
        let request = json!({ "query": document, "variables": { "t": thread, "a": after } });
        for by_get in [false, true] {
            let mut events = if by_get {
                Events::get(&world.server, asking, document, request["variables"].clone()).await
            } else {
                Events::ask_as(&world.server, asking, request.clone()).await
            };
            for one in &sent[2..] {
                assert_eq!(events.value().await["cursor"], one.cursor.as_str(), "after {after:?}");
            }
        }
    }
    // Over plain HTTP the header says nothing.
    let answer = world.server.http().post(world.server.at("/graphql")).header("last-event-id", "nonsense");
    let answer = answer.json(&json!({ "query": "{ __typename }" })).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["data"]["__typename"], "Query");
}

async fn an_inbox_goes_on_where_it_was(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let document = "subscription { inboxChanges { __typename cursor ... on InboxThread { thread { id } } } }";
    let mut events = Events::ask(&world.server, Some(&alice.token), document, Value::Null).await;
    events.until("InboxCaughtUp").await;
    let first = bob.create_direct(&alice).await;
    assert_eq!(events.event().await["thread"]["id"], first.as_str());
    let last_id = events.last_id.clone().unwrap();
    events.cut();
    let second = bob.create_group(&[&alice]).await;
    let asking = Asking { token: Some(&alice.token), last_event_id: Some(&last_id), ..Asking::default() };
    let mut events = Events::ask_as(&world.server, asking, json!({ "query": document })).await;
    let missed = events.until("InboxCaughtUp").await;
    let threads: Vec<_> = missed.iter().map(|frame| frame["thread"]["id"].as_str().unwrap_or_default()).collect();
    assert!(threads.contains(&second.as_str()), "{missed:?}");
    let third = bob.create_group(&[&alice]).await;
    assert_eq!(events.event().await["thread"]["id"], third.as_str());
}

async fn a_last_event_id_of_nothing_is_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for last_event_id in ["nonsense", "1", "x".repeat(5000).as_str()] {
        let mut events = lines(&world, &alice, &thread, None, Some(last_event_id)).await;
        let frame = events.next().await;
        match &frame {
            // A log that is not known is begun anew, and a text that is no cursor refused.
            Frame::Next(payload) => {
                let reset = payload["data"]["threadEvents"]["__typename"] == "StreamReset";
                let refused = payload["errors"][0]["extensions"]["code"] == "INVALID";
                assert!(reset || refused, "{payload}");
            }
            other => panic!("{last_event_id:.20} is answered with {other:?}"),
        }
    }
}

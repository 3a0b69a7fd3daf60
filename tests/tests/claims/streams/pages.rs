//! The log by page, and the cursors that pages and streams share.

use futures_util::future::join;
use serde_json::{Value, json};
use tests::{Chance, Line, Sent, User, World, claims};

use super::{edges, posted, send_at_once};

claims![
    pages_of_the_log_are_what_was_streamed,
    a_page_of_the_log_says_whether_it_goes_on,
    a_page_and_the_stream_after_it_miss_nothing,
    a_message_page_and_the_stream_after_its_last_edge_miss_nothing,
    cursors_have_one_length_and_sort_as_the_log,
    what_a_payload_points_to_is_in_the_stream,
];

async fn pages_of_the_log_are_what_was_streamed(world: World) {
    let mut chance = Chance::new();
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let start = alice.event_cursor(&group).await;
    let socket = world.socket(&bob).await;
    let mut events = socket.events(&group, Some(&start)).await;
    events.until("CaughtUp").await;
    let mut sent = Vec::new();
    for number in 0..30 {
        let who = *chance.pick(&[&alice, &bob, &carol]);
        sent.push((who, who.send(&group, &number.to_string()).await));
        let (author, one): &(&User, Sent) = &sent[chance.below(sent.len())];
        let answer = match chance.below(6) {
            0 => author.try_edit(&one.id, "edited", None).await,
            1 => who.try_react(&one.id, "👍").await,
            2 => who.try_mark("threadMarkRead", &group, &one.cursor).await,
            3 => who.try_unreact(&one.id, "👍").await,
            4 => alice.try_set_title(&group, Some(&number.to_string())).await,
            _ => author.try_delete(&one.id).await,
        };
        // A change of what was deleted before is refused, which is fine.
        answer.data();
    }
    let end = alice.event_cursor(&group).await;
    let streamed = Line::of_all(&events.until_cursor(&end).await);
    assert!(streamed.len() > 35, "{} lines", streamed.len());
    for size in [1, 7, 50] {
        let mut frames = Vec::new();
        let mut after = start.clone();
        loop {
            let page = bob.poll_events(&group, Some(&after), size).await;
            let found = page.list("/thread/events/frames");
            assert!(found.len() <= size);
            frames.extend(found.iter().cloned());
            after = page.text("/thread/events/endCursor");
            if page.ok("/thread/events/hasNextPage") == false {
                break;
            }
            assert_eq!(found.len(), size, "only the last page is short");
        }
        assert_eq!(Line::of_all(&frames), streamed, "by pages of {size}");
    }
    let mut replayed = socket.events(&group, Some(&start)).await;
    let (replayed, polled) = (replayed.until("CaughtUp").await, bob.all_events(&group, Some(&start)).await);
    assert_eq!(replayed, polled, "and, at the same time, with the same contents");
}

async fn a_page_of_the_log_says_whether_it_goes_on(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let page = alice.poll_events(&thread, None, 10).await;
    assert!(page.list("/thread/events/frames").is_empty());
    assert_eq!(page.text("/thread/events/endCursor"), start);
    assert_eq!(page.ok("/thread/events/hasNextPage"), &json!(false));
    let sent = alice.send_many(&thread, 4).await;
    for (first, next, end) in [(3, true, &sent[2]), (4, false, &sent[3]), (5, false, &sent[3])] {
        for after in [None, Some(start.as_str())] {
            let page = bob.poll_events(&thread, after, first).await;
            assert_eq!(posted(page.list("/thread/events/frames")), sent[..first.min(4)]);
            assert_eq!(page.ok("/thread/events/hasNextPage"), &json!(next));
            assert_eq!(page.text("/thread/events/endCursor"), end.cursor);
        }
    }
    // Polling again from the end gives nothing, and then what is new.
    let end = sent[3].cursor.as_str();
    let page = bob.poll_events(&thread, Some(end), 10).await;
    assert!(page.list("/thread/events/frames").is_empty());
    assert_eq!(page.text("/thread/events/endCursor"), end);
    let new = alice.send(&thread, "new").await;
    assert_eq!(posted(bob.poll_events(&thread, Some(end), 10).await.list("/thread/events/frames")), [new]);
}

async fn a_page_and_the_stream_after_it_miss_nothing(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    let socket = world.socket(&bob).await;
    let document =
        "query($id: ID!) { thread(id: $id) { eventCursor messages(last: 100) { edges { cursor node { id } } } } }";
    let reversed =
        "query($id: ID!) { thread(id: $id) { messages(last: 100) { edges { cursor node { id } } } eventCursor } }";
    let sending = async {
        let mut sent = Vec::new();
        for _ in 0..9 {
            sent.extend(send_at_once(&[&alice, &carol], &group, 10, "meanwhile").await);
        }
        sent.sort();
        sent
    };
    let reading = async {
        let mut taken = Vec::new();
        for round in 0..20 {
            let page = bob.graphql(if round % 2 == 0 { document } else { reversed }, json!({ "id": group })).await;
            let cursor = page.text("/thread/eventCursor");
            let events = socket.events(&group, Some(&cursor)).await;
            let on_page: Vec<_> = page.list("/thread/messages/edges").iter().map(super::as_sent).collect();
            taken.push((cursor, on_page, events));
        }
        taken
    };
    let (sent, taken) = join(sending, reading).await;
    let marker = alice.send(&group, "a marker").await;
    for (cursor, on_page, mut events) in taken {
        let frames = events.until_cursor(&marker.cursor).await;
        let mut found = posted(&frames);
        assert_eq!(found.pop().as_ref(), Some(&marker));
        assert!(found.iter().all(|one| one.cursor > cursor), "the stream begins after the cursor");
        let missed: Vec<_> = sent.iter().filter(|one| !on_page.contains(one) && !found.contains(one)).collect();
        assert!(missed.is_empty(), "{missed:?} are neither on the page nor in the stream after it");
    }
}

async fn a_message_page_and_the_stream_after_its_last_edge_miss_nothing(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let group = world.group(&alice, &[&bob, &carol]).await;
    alice.send(&group, "the first").await;
    let socket = world.socket(&bob).await;
    let reading = async {
        let mut taken = Vec::new();
        for _ in 0..10 {
            let page = bob.page(&group, "last: 20").await;
            let end = page.text("/thread/messages/pageInfo/endCursor");
            let messages = socket.messages(&group, Some(&end)).await;
            taken.push((end, messages));
        }
        taken
    };
    let (_, taken) = join(send_at_once(&[&alice, &carol], &group, 80, "meanwhile"), reading).await;
    let history: Vec<_> = bob.history(&group).await.into_iter().map(|(cursor, _)| cursor).collect();
    for (end, mut messages) in taken {
        let expected: Vec<_> = history.iter().filter(|cursor| **cursor > end).cloned().collect();
        let found = edges(&mut messages, expected.len()).await;
        assert_eq!(found.into_iter().map(|sent| sent.cursor).collect::<Vec<_>>(), expected);
    }
}

async fn cursors_have_one_length_and_sort_as_the_log(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let group = world.group(&alice, &[&bob]).await;
    let start = alice.event_cursor(&group).await;
    // More than 256, so that more than one byte of a number moves.
    let sent = send_at_once(&[&alice], &group, 300, "hello").await;
    let log: Vec<_> = alice.all_events(&group, None).await.iter().map(|frame| Line::of(frame).cursor).collect();
    let history: Vec<_> = alice.history(&group).await.into_iter().map(|(cursor, _)| cursor).collect();
    assert_eq!(log, history);
    assert_eq!(log, sent.into_iter().map(|sent| sent.cursor).collect::<Vec<_>>());
    let other = world.direct(&alice, &bob).await;
    let of_another = bob.send(&other, "elsewhere").await.cursor;
    let all: Vec<_> = [&start, &of_another].into_iter().chain(&log).collect();
    assert!(all.iter().all(|cursor| cursor.len() == start.len() && cursor.is_ascii()), "{all:?}");
    assert!(start < log[0] && log.is_sorted() && log.windows(2).all(|two| two[0] != two[1]), "they sort as strings");
    assert_eq!(alice.event_cursor(&group).await, log[299]);
}

async fn what_a_payload_points_to_is_in_the_stream(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let room = world.room_of(&alice, &[&bob]).await;
    let group = world.group(&alice, &[&bob]).await;
    let socket = world.socket(&alice).await;
    let mut events = socket.events(&room, None).await;
    events.until("CaughtUp").await;
    let sent = bob.send(&room, "hello").await;
    let of_room = [
        ("MessagePosted", sent.cursor.clone()),
        ("MessageEdited", bob.edit(&sent, "edited").await),
        ("ReactionsChanged", alice.react(&sent, "👍").await),
        ("ReactionsChanged", alice.unreact(&sent, "👍").await),
        ("ParticipantChanged", carol.join(&room).await),
        ("ParticipantChanged", alice.set_role(&room, &carol, "ADMIN").await),
        ("ParticipantChanged", alice.remove(&room, &carol).await),
        ("ParticipantChanged", alice.add(&room, &carol).await),
        ("ThreadChanged", alice.try_set_title(&room, Some("New")).await.text("/threadUpdate/cursor")),
        ("ThreadChanged", alice.archive(&room).await),
        ("ThreadChanged", alice.unarchive(&room).await),
        ("MessageDeleted", bob.delete(&sent).await),
    ];
    for (kind, cursor) in of_room {
        let frame = events.event().await;
        assert_eq!((&frame["__typename"], &frame["cursor"]), (&json!(kind), &json!(cursor)));
    }
    // A mark shares its event with others that move at the same time: it has come by the time its cursor has.
    let sent = alice.send(&group, "hello").await;
    let mut events = socket.events(&group, None).await;
    events.until("CaughtUp").await;
    for mutation in ["threadMarkDelivered", "threadMarkRead"] {
        let cursor = bob.try_mark(mutation, &group, &sent.cursor).await.text(&format!("/{mutation}/cursor"));
        let frames = events.until_cursor(&cursor).await;
        let marked = |frame: &Value| {
            frame["__typename"] == "ReceiptsAdvanced" && frame["participants"][0]["user"]["id"] == bob.id
        };
        assert!(frames.iter().any(marked), "{mutation}: {frames:?}");
    }
}

//! Cursors that were never good here: of another thread, of another kind of list, altered, or made up.

use serde_json::{Value, json};
use tests::{Answer, Socket, User, World, claims};

claims![
    a_cursor_of_another_thread_is_refused,
    a_cursor_of_another_kind_is_refused,
    a_cursor_of_a_thread_is_refused_by_other_lists,
    an_altered_cursor_is_refused,
    a_made_up_cursor_is_refused,
    a_mark_up_to_a_mistaken_cursor_is_refused,
    a_cursor_gives_no_right_to_anything,
];

async fn a_cursor_of_another_thread_is_refused(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let here = world.direct(&alice, &bob).await;
    let there = world.direct(&alice, &carol).await;
    alice.send_many(&here, 3).await;
    let elsewhere = alice.send_many(&there, 2).await;
    let socket = world.socket(&alice).await;
    for cursor in [&elsewhere[0].cursor, &elsewhere[1].cursor, &alice.event_cursor(&there).await] {
        refused_by_the_thread(&socket, &alice, &here, cursor).await;
    }
}

async fn a_cursor_of_another_kind_is_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let room = world.room(&alice).await;
    let sent = alice.send_many(&thread, 3).await;
    alice.send(&room, "hello").await;
    let first_cursor = async |field: &str| {
        let document = format!("{{ {field} }}");
        let answer = alice.graphql(&document, json!({})).await;
        cursor_in(answer.data()).unwrap_or_else(|| panic!("{field} gives no cursor: {}", answer.json))
    };
    let socket = world.socket(&alice).await;
    let mut inbox = socket.inbox(None).await;
    let of_inbox = inbox.event().await["cursor"].as_str().unwrap().to_owned();
    let others = [
        ("inboxChanges", of_inbox),
        ("users", first_cursor("users(first: 1) { edges { cursor } }").await),
        ("rooms", first_cursor("rooms(first: 1) { edges { cursor } }").await),
        ("viewer.threads", first_cursor("viewer { threads(first: 1) { edges { cursor } } }").await),
        (
            "participants",
            first_cursor(&format!("thread(id: \"{thread}\") {{ participants(first: 1) {{ edges {{ cursor }} }} }}"))
                .await,
        ),
    ];
    for (place, (list, cursor)) in others.iter().enumerate() {
        assert!(others[..place].iter().all(|(_, other)| other != cursor), "{list} gives a cursor of another list");
        refused_by_the_thread(&socket, &alice, &thread, cursor).await;
    }
    // And each list refuses those of the others; its own it takes.
    let list = |name: &str, cursor: &str| match name {
        "users" => format!("{{ users(first: 5, after: \"{cursor}\") {{ nodes {{ id }} }} }}"),
        "rooms" => format!("{{ rooms(first: 5, after: \"{cursor}\") {{ nodes {{ id }} }} }}"),
        "participants" => format!(
            "{{ thread(id: \"{thread}\") {{ participants(first: 5, after: \"{cursor}\") {{ nodes {{ role }} }} }} }}"
        ),
        _ => format!("{{ viewer {{ threads(first: 5, after: \"{cursor}\") {{ nodes {{ id }} }} }} }}"),
    };
    for name in ["users", "rooms", "viewer.threads", "participants"] {
        for (owner, cursor) in &others {
            let answer = alice.graphql(&list(name, cursor), json!({})).await;
            if *owner == name {
                answer.data();
            } else {
                names_after(&answer);
            }
        }
        names_after(&alice.graphql(&list(name, &sent[0].cursor), json!({})).await);
    }
}

async fn a_cursor_of_a_thread_is_refused_by_other_lists(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "hello").await;
    let socket = world.socket(&alice).await;
    let errors = socket.inbox(Some(&sent.cursor)).await.failed("INVALID").await;
    assert!(errors[0]["message"].as_str().unwrap().contains("after"), "{errors}");
    // Within the thread every list takes it: there is one kind of cursor.
    let page = bob.page(&thread, &format!("first: 5, after: \"{}\"", sent.cursor)).await;
    assert!(page.list("/thread/messages/edges").is_empty());
    let page = bob.poll_events(&thread, Some(&sent.cursor), 5).await;
    assert!(page.list("/thread/events/frames").is_empty());
}

async fn an_altered_cursor_is_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let cursor = alice.send_many(&thread, 3).await[1].cursor.clone();
    let socket = world.socket(&alice).await;
    let length = cursor.len();
    for place in [0, 1, length / 2, length - 4, length - 1] {
        let mut altered: Vec<char> = cursor.chars().collect();
        altered[place] = if altered[place] == 'A' { 'B' } else { 'A' };
        let altered: String = altered.into_iter().collect();
        refused_by_the_thread(&socket, &alice, &thread, &altered).await;
    }
    for altered in
        [&cursor[1..], &cursor[..length - 1], &format!("{cursor}A"), &format!(" {cursor}"), &cursor.to_uppercase()]
    {
        refused_by_the_thread(&socket, &alice, &thread, altered).await;
    }
}

async fn a_made_up_cursor_is_refused(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let length = alice.send(&thread, "hello").await.cursor.len();
    let socket = world.socket(&alice).await;
    let of_that_length = "t".repeat(length);
    let endless = "t".repeat(5_000);
    for cursor in
        ["", "t", "0", "-1", "null", "🐘", "a cursor", thread.as_str(), of_that_length.as_str(), endless.as_str()]
    {
        refused_by_the_thread(&socket, &alice, &thread, cursor).await;
        let errors = socket.inbox(Some(cursor)).await.failed("INVALID").await;
        assert!(errors[0]["message"].as_str().unwrap().contains("after"), "{errors}");
    }
}

async fn a_mark_up_to_a_mistaken_cursor_is_refused(world: World) {
    let [alice, bob, carol] = world.users(["alice", "bob", "carol"]).await;
    let here = world.direct(&alice, &bob).await;
    let there = world.direct(&alice, &carol).await;
    bob.send_many(&here, 3).await;
    let elsewhere = carol.send(&there, "hello").await;
    for mutation in ["threadMarkRead", "threadMarkDelivered"] {
        for cursor in [elsewhere.cursor.as_str(), "made up", ""] {
            alice.try_mark(mutation, &here, cursor).await.refused(mutation, "INVALID", &["upTo"]);
        }
    }
    assert_eq!(alice.unread(&here).await, 3, "nothing was marked");
}

async fn a_cursor_gives_no_right_to_anything(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send(&thread, "hello").await;
    let socket = world.socket(&mallory).await;
    socket.events(&thread, Some(&sent.cursor)).await.failed("NOT_FOUND").await;
    socket.messages(&thread, Some(&sent.cursor)).await.failed("NOT_FOUND").await;
    assert_eq!(mallory.poll_events(&thread, Some(&sent.cursor), 5).await.ok("/thread"), &json!(null));
    mallory.try_mark("threadMarkRead", &thread, &sent.cursor).await.refused(
        "threadMarkRead",
        "NOT_FOUND",
        &["threadId"],
    );
}

/// Fails the test unless every way to read on in this thread refuses the cursor, and says that it is the cursor.
async fn refused_by_the_thread(socket: &Socket, user: &User, thread: &str, cursor: &str) {
    for mut stream in [socket.events(thread, Some(cursor)).await, socket.messages(thread, Some(cursor)).await] {
        let errors = stream.failed("INVALID").await;
        assert!(errors[0]["message"].as_str().unwrap().contains("after"), "{cursor}: {errors}");
    }
    names_after(&user.poll_events(thread, Some(cursor), 10).await);
    let document =
        "query($id: ID!, $after: Cursor) { thread(id: $id) { messages(first: 5, after: $after) { nodes { id } } } }";
    names_after(&user.graphql(document, json!({ "id": thread, "after": cursor })).await);
}

/// Fails the test unless the answer is an error that names `after`.
#[track_caller]
fn names_after(answer: &Answer) {
    answer.failed("INVALID");
    let message = answer.json["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("after"), "it does not say what is wrong: {}", answer.json);
}

/// The first cursor in an answer.
fn cursor_in(value: &Value) -> Option<String> {
    match value {
        Value::Object(fields) => match fields.get("cursor") {
            Some(cursor) => cursor.as_str().map(str::to_owned),
            None => fields.values().find_map(cursor_in),
        },
        Value::Array(items) => items.iter().find_map(cursor_in),
        _ => None,
    }
}

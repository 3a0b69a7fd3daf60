//! What is read is the same, wherever it lies.

use serde_json::{Value, json};
use tests::{Engine, World, claims};

use super::{Talk, move_all, places};
use crate::pages::listing::{Listing, messages};
use crate::statements::{MESSAGES, statements_of};

claims![
    a_moved_thread_answers_as_before,
    pages_read_on_across_the_seam,
    cursors_from_before_the_move_still_work,
    replies_are_read_on_across_the_seam,
    a_moved_message_is_found_by_id_with_all_it_had,
    a_moved_message_is_found_by_the_key_it_was_sent_with,
    rights_are_the_same_beyond_the_seam,
    streams_of_messages_begin_in_the_archive,
    lines_of_the_log_name_what_was_moved,
    a_page_of_moved_messages_takes_no_more_statements,
];

async fn a_moved_thread_answers_as_before(world: World) {
    let mut talk = Talk::begin(&world).await;
    let before = talk.as_seen().await;
    assert!(move_all(&world).await.contains("20 messages of 1 threads"));
    assert_eq!(places(&world.database).await, [0, 20]);
    assert_eq!(talk.as_seen().await, before);
    // And with the seam in the middle of it.
    talk.go_on(9).await;
    assert_eq!(places(&world.database).await, [9, 20]);
    let before = talk.as_seen().await;
    move_all(&world).await;
    assert_eq!(places(&world.database).await, [0, 29]);
    assert_eq!(talk.as_seen().await, before);
}

async fn pages_read_on_across_the_seam(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let mut sent = alice.send_many(&thread, 5).await;
    alice.delete(&sent[2]).await;
    move_all(&world).await;
    sent.extend(bob.send_many(&thread, 4).await);
    assert_eq!(places(&world.database).await, [4, 5]);
    let ids: Vec<_> = sent.iter().map(|sent| sent.id.clone()).collect();
    let listing = messages(&alice, &thread, ids.clone());
    listing.walks_both_ways().await;
    for (index, sent) in sent.iter().enumerate() {
        let page = listing.page(&format!("around: \"{}\", first: 3", sent.id)).await;
        let from = index.saturating_sub(1);
        assert!(page.names.contains(&sent.id), "{:?}", page.names);
        assert_eq!(page.names[..2], ids[from.min(ids.len() - 2)..][..2], "around {index}");
    }
    let between = format!("first: 9, after: \"{}\", before: \"{}\"", sent[2].cursor, sent[7].cursor);
    assert_eq!(listing.page(&between).await.names, ids[3..7]);
}

async fn cursors_from_before_the_move_still_work(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 9).await;
    let ids: Vec<_> = sent.iter().map(|sent| sent.id.clone()).collect();
    let listing = messages(&bob, &thread, ids);
    let (start, end) = (listing.page("first: 3").await, listing.page("last: 3").await);
    move_all(&world).await;
    let next = format!("first: 3, after: \"{}\"", start.cursors[2]);
    listing.is_slice(&listing.page(&next).await, 3, 6, "after a cursor of before");
    let previous = format!("last: 3, before: \"{}\"", end.cursors[0]);
    listing.is_slice(&listing.page(&previous).await, 3, 6, "before a cursor of before");
    let again = [listing.page("first: 3").await.cursors, listing.page("last: 3").await.cursors];
    assert_eq!(again, [start.cursors, end.cursors]);
    assert_eq!(bob.unread(&thread).await, 9);
    bob.mark_read(&thread, &sent[4].cursor).await;
    assert_eq!(bob.unread(&thread).await, 4);
}

async fn replies_are_read_on_across_the_seam(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let parent = alice.send(&thread, "a question").await;
    let mut replies = Vec::new();
    for number in 0..3 {
        replies.push(bob.reply(&thread, &parent, &format!("answer {number}")).await.id);
    }
    move_all(&world).await;
    for number in 3..6 {
        replies.push(bob.reply(&thread, &parent, &format!("answer {number}")).await.id);
    }
    assert_eq!(places(&world.database).await, [3, 4]);
    assert_eq!(alice.message(&parent.id, "replyCount").await["replyCount"], 6);
    assert_eq!(bob.message(&replies[4], "parent { id }").await["parent"]["id"], json!(parent.id));
    let listing = Listing {
        client: &alice,
        document: "query($id: ID!) { node(id: $id) { ... on Message { CONNECTION } } }",
        field: "replies",
        variables: json!({ "id": parent.id }),
        node: ("id", "/id"),
        pointer: "/node/replies",
        expected: replies,
    };
    listing.walks_both_ways().await;
}

async fn a_moved_message_is_found_by_id_with_all_it_had(world: World) {
    let talk = Talk::begin(&world).await;
    let [alice, ..] = &talk.users;
    let select = "id content attachments { id name } reactions { emoji count } revisions(first: 5) { content } \
        replyCount parent { id } thread { id }";
    let mut before = Vec::new();
    for sent in &talk.sent {
        before.push(alice.message(&sent.id, select).await);
    }
    let has =
        |field: &str| before.iter().filter(|one| one[field].as_array().is_some_and(|list| !list.is_empty())).count();
    assert!(has("attachments") > 2 && has("reactions") > 4 && has("revisions") > 2, "they have something to lose");
    move_all(&world).await;
    for (sent, before) in talk.sent.iter().zip(&before) {
        assert_eq!(&alice.message(&sent.id, select).await, before);
        for file in before["attachments"].as_array().unwrap() {
            let found = "query($id: ID!) { node(id: $id) { ... on Attachment { id name } } }";
            assert_eq!(alice.graphql(found, json!({ "id": file["id"] })).await.ok("/node"), file);
        }
    }
    let ids: Vec<_> = talk.sent.iter().map(|sent| &sent.id).collect();
    let nodes = alice.graphql("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await;
    assert!(nodes.list("/nodes").iter().zip(ids).all(|(node, id)| node["id"] == *id));
}

async fn a_moved_message_is_found_by_the_key_it_was_sent_with(world: World) {
    let talk = Talk::begin(&world).await;
    move_all(&world).await;
    let by_key = "query($id: ID!, $key: String!) { messageByClientKey(threadId: $id, clientKey: $key) { id } }";
    let ask = async |number: usize, user: usize| {
        let variables = json!({ "id": talk.group, "key": format!("key {number}") });
        talk.users[user].graphql(by_key, variables).await.ok("/messageByClientKey").clone()
    };
    assert_eq!(ask(4, 1).await["id"], json!(talk.sent[4].id));
    assert_eq!(ask(4, 0).await, Value::Null, "a key is its sender's");
}

async fn rights_are_the_same_beyond_the_seam(world: World) {
    let talk = Talk::begin(&world).await;
    let [alice, bob, carol] = &talk.users;
    let stranger = world.user("stranger").await;
    let files = "attachments { id }";
    let file = alice.message(&talk.sent[1].id, files).await["attachments"][0]["id"].clone();
    let room = world.room(alice).await;
    let open = alice.send(&room, "hello").await;
    carol.leave(&talk.group).await;
    move_all(&world).await;
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for (client, sees) in [(bob as &tests::Client, true), (carol, false), (&stranger, false), (&world.anonymous, false)]
    {
        let thread = client
            .graphql(
                "query($id: ID!) { thread(id: $id) { messages(last: 5) { nodes { id } } } }",
                json!({ "id": talk.group }),
            )
            .await;
        assert_eq!(thread.ok("/thread").is_object(), sees);
        for id in [json!(talk.sent[1].id), file.clone()] {
            assert_eq!(client.graphql(node, json!({ "id": id })).await.ok("/node").is_object(), sees, "{id}");
        }
    }
    // What may not be read is not changed either, and answers as what is not there.
    for user in [carol, &stranger] {
        user.try_edit(&talk.sent[2].id, "mine now", None).await.refused_with("messageEdit", "NOT_FOUND");
        user.try_delete(&talk.sent[2].id).await.refused_with("messageDelete", "NOT_FOUND");
        user.try_react(&talk.sent[2].id, "👍").await.refused_with("reactionAdd", "NOT_FOUND");
    }
    bob.try_edit(&talk.sent[0].id, "mine now", None).await.refused_with("messageEdit", "FORBIDDEN");
    bob.try_delete(&talk.sent[0].id).await.refused_with("messageDelete", "FORBIDDEN");
    let public = world.anonymous.graphql(node, json!({ "id": open.id })).await;
    assert_eq!(public.ok("/node/id"), &json!(open.id), "a room is public");
}

async fn streams_of_messages_begin_in_the_archive(engine: Engine) {
    let world = World::start_with(engine, &[&super::PATIENT[..], &[("LINNET_LOG_RETENTION_DAYS", "1")]].concat()).await;
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let sent = alice.send_many(&thread, 130).await;
    move_all(&world).await;
    // The log forgets them, which is nothing to messages.
    world.server.advance_clock(std::time::Duration::from_secs(3 * 24 * 3600)).await;
    world.server.trim_log().await;
    let late = alice.send(&thread, "late").await;
    assert_eq!(places(&world.database).await, [1, 130]);
    let socket = world.socket(&bob).await;
    let mut stream = socket.messages(&thread, Some(&sent[3].cursor)).await;
    for sent in sent[4..].iter().chain([&late]) {
        assert_eq!(stream.value().await["node"]["id"], json!(sent.id));
    }
    let live = alice.send(&thread, "live").await;
    assert_eq!(stream.value().await["node"]["id"], json!(live.id));
}

async fn lines_of_the_log_name_what_was_moved(world: World) {
    let talk = Talk::begin(&world).await;
    let [alice, bob, _] = &talk.users;
    let before = alice.all_events(&talk.group, None).await;
    move_all(&world).await;
    let socket = world.socket(bob).await;
    let frames = socket.events(&talk.group, Some(&talk.sent[0].cursor)).await.until("CaughtUp").await;
    let streamed: Vec<_> = frames.iter().filter(|frame| frame["__typename"] != "CaughtUp").collect();
    assert_eq!(streamed, before.iter().skip(before.len() - streamed.len()).collect::<Vec<_>>());
    assert!(streamed.len() > 30 && streamed.iter().all(|frame| frame.get("message").is_none_or(Value::is_object)));
}

async fn a_page_of_moved_messages_takes_no_more_statements(world: World) {
    let mut talk = Talk::begin(&world).await;
    let count = async |talk: &Talk| {
        let variables = json!({ "id": talk.group, "last": 20 });
        let (answer, statements) = statements_of(&world, &talk.users[0], MESSAGES, variables).await;
        assert_eq!(answer.list("/thread/messages/edges").len(), 20);
        statements.len()
    };
    let before = count(&talk).await;
    move_all(&world).await;
    assert_eq!(count(&talk).await, before, "in the archive");
    talk.go_on(9).await;
    assert_eq!(count(&talk).await, before, "on both sides of the seam");
}

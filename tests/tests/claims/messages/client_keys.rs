//! A key of the client's own makes sending again harmless.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{User, World, claims};

claims![
    the_same_key_twenty_times_in_parallel_is_one_message,
    sending_again_gives_the_first_message_and_its_cursor,
    the_same_key_with_other_content_is_a_conflict,
    after_an_edit_the_first_content_is_still_the_first,
    a_key_belongs_to_its_sender_and_thread,
    only_the_sender_sees_the_key,
    the_sender_finds_a_message_by_its_key,
];

async fn the_same_key_twenty_times_in_parallel_is_one_message(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let answers = join_all((0..20).map(|_| keyed(&alice, &thread, "once", "k1"))).await;
    for answer in &answers {
        assert_eq!(answer.text("/messageSend/message/id"), answers[0].text("/messageSend/message/id"));
        assert_eq!(answer.text("/messageSend/cursor"), answers[0].text("/messageSend/cursor"));
        assert_eq!(answer.text("/messageSend/message/content"), "once");
    }
    let history = bob.history(&thread).await;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].0, answers[0].text("/messageSend/cursor"));
    assert_eq!(bob.unread(&thread).await, 1);
}

async fn sending_again_gives_the_first_message_and_its_cursor(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let parent = bob.send(&thread, "a question").await;
    let input = json!({ "threadId": thread, "content": "an answer", "clientKey": "k1", "parentId": parent.id,
        "metadata": { "a": 1, "b": [2] },
        "attachments": [{ "url": "https://example.org/a.png", "type": "image/png", "name": "a.png", "size": 3 }] });
    let first = alice.send_with(input.clone()).await;
    alice.send(&thread, "something else").await;
    assert_eq!(alice.send_with(input).await, first);
    assert_eq!(alice.history(&thread).await.len(), 3);
}

async fn the_same_key_with_other_content_is_a_conflict(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let first = keyed(&alice, &thread, "one", "k1").await.text("/messageSend/message/id");
    keyed(&alice, &thread, "two", "k1").await.refused("messageSend", "CONFLICT", &["clientKey"]);
    let racing = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let answers = join_all(racing.map(|content| keyed(&alice, &thread, content, "k2"))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.user_errors("messageSend").is_empty()).collect();
    assert_eq!(won.len(), 1, "one of them is the first");
    for answer in answers.iter().filter(|answer| !answer.user_errors("messageSend").is_empty()) {
        answer.refused("messageSend", "CONFLICT", &["clientKey"]);
    }
    let ids: Vec<_> = bob.history(&thread).await.into_iter().map(|(_, message)| message["id"].clone()).collect();
    assert_eq!(ids, [first, won[0].text("/messageSend/message/id")]);
}

async fn after_an_edit_the_first_content_is_still_the_first(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let input = json!({ "threadId": thread, "content": "one", "clientKey": "k1" });
    let sent = alice.send_with(input).await;
    alice.edit(&sent, "edited").await;
    let again = keyed(&alice, &thread, "one", "k1").await;
    assert_eq!(again.text("/messageSend/message/id"), sent.id);
    assert_eq!(again.text("/messageSend/message/content"), "edited", "shown as it is now");
    for content in ["edited", "two"] {
        keyed(&alice, &thread, content, "k1").await.refused("messageSend", "CONFLICT", &["clientKey"]);
    }
    assert_eq!(bob.history(&thread).await.len(), 1);
}

async fn a_key_belongs_to_its_sender_and_thread(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let direct = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    let mut ids = Vec::new();
    for (user, thread) in [(&alice, &direct), (&bob, &direct), (&alice, &group), (&bob, &group)] {
        ids.push(
            keyed(user, thread, &format!("{} in {thread}", user.username), "k1").await.text("/messageSend/message/id"),
        );
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "four messages of the same key");
}

async fn only_the_sender_sees_the_key(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let document =
        "subscription($t: ID!, $after: Cursor) { messageAdded(threadId: $t, after: $after) { node { clientKey } } }";
    let variables = json!({ "t": thread, "after": start });
    let (of_alice, of_bob) = (world.socket(&alice).await, world.socket(&bob).await);
    let mut to_alice = of_alice.subscribe(document, variables.clone()).await;
    let mut to_bob = of_bob.subscribe(document, variables).await;
    let id = keyed(&alice, &thread, "hello", "k1").await.text("/messageSend/message/id");
    assert_eq!(alice.message(&id, "clientKey").await, json!({ "clientKey": "k1" }));
    assert_eq!(bob.message(&id, "clientKey").await, json!({ "clientKey": null }));
    assert_eq!(to_alice.value().await, json!({ "node": { "clientKey": "k1" } }));
    assert_eq!(to_bob.value().await, json!({ "node": { "clientKey": null } }));
}

async fn the_sender_finds_a_message_by_its_key(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let id = keyed(&alice, &thread, "hello", "k1").await.text("/messageSend/message/id");
    assert_eq!(by_key(&alice, &thread, "k1").await, json!({ "id": id, "content": "hello" }));
    assert!(by_key(&alice, &thread, "k2").await.is_null());
    assert!(by_key(&bob, &thread, "k1").await.is_null(), "another's key finds nothing");
}

async fn keyed(user: &User, thread: &str, content: &str, key: &str) -> tests::Answer {
    user.try_send_with(json!({ "threadId": thread, "content": content, "clientKey": key })).await
}

async fn by_key(user: &User, thread: &str, key: &str) -> Value {
    let document = "query($t: ID!, $k: String!) { messageByClientKey(threadId: $t, clientKey: $k) { id content } }";
    user.graphql(document, json!({ "t": thread, "k": key })).await.ok("/messageByClientKey").clone()
}

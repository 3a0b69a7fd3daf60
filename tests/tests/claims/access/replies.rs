//! Replies are one level deep and stay in their thread.

use serde_json::json;
use tests::id::absent;
use tests::{World, claims};

claims![
    a_reply_names_its_parent,
    a_reply_to_a_reply_takes_its_parent,
    a_parent_of_another_thread_is_invalid,
    a_parent_out_of_sight_answers_as_one_that_does_not_exist,
];

async fn a_reply_names_its_parent(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let parent = alice.send(&thread, "a question").await;
    let reply = bob.reply(&thread, &parent, "an answer").await;
    assert_eq!(alice.message(&reply.id, "parent { id } ").await, json!({ "parent": { "id": parent.id } }));
    assert_eq!(alice.message(&parent.id, "parent { id } ").await, json!({ "parent": null }));
}

async fn a_reply_to_a_reply_takes_its_parent(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    let parent = alice.send(&thread, "a question").await;
    let first = bob.reply(&thread, &parent, "an answer").await;
    let second = alice.reply(&thread, &first, "thanks").await;
    let third = bob.reply(&thread, &second, "not at all").await;
    for reply in [&first, &second, &third] {
        assert_eq!(alice.message(&reply.id, "parent { id }").await["parent"]["id"], parent.id.as_str());
    }
    let select = "replyCount replies(first: 10) { nodes { id } }";
    let expected = json!({ "replyCount": 3, "replies": { "nodes": [{ "id": first.id }, { "id": second.id }, { "id": third.id }] } });
    assert_eq!(bob.message(&parent.id, select).await, expected);
    let none = json!({ "replyCount": 0, "replies": { "nodes": [] } });
    assert_eq!(bob.message(&first.id, select).await, none);
}

async fn a_parent_of_another_thread_is_invalid(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let direct = world.direct(&alice, &bob).await;
    let group = world.group(&alice, &[&bob]).await;
    let elsewhere = alice.send(&direct, "in the direct thread").await;
    let input = json!({ "threadId": group, "content": "misplaced", "parentId": elsewhere.id });
    alice.try_send_with(input).await.refused("messageSend", "INVALID", &["parentId"]);
    assert!(alice.history(&group).await.is_empty());
}

async fn a_parent_out_of_sight_answers_as_one_that_does_not_exist(world: World) {
    let [alice, bob, mallory] = world.users(["alice", "bob", "mallory"]).await;
    let hidden = world.direct(&alice, &bob).await;
    let secret = alice.send(&hidden, "between us").await;
    let own = world.direct(&mallory, &alice).await;
    let mut answers = Vec::new();
    for parent in [&secret.id, &absent(&secret.id)] {
        let input = json!({ "threadId": own, "content": "who is it?", "parentId": parent });
        let answer = mallory.try_send_with(input).await;
        let errors = answer.user_errors("messageSend");
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].path, ["parentId"]);
        answers.push(answer.json.to_string().replace(parent.as_str(), "ID"));
    }
    assert_eq!(answers[0], answers[1]);
}

//! Nodes whose clocks differ: what one has stamped, the other does not mistake.

use serde_json::Value;
use tests::{Engine, Nats, User, postgres_claims};

use super::nodes_apart;

postgres_claims![
    two_tabs_refresh_on_two_nodes_whose_clocks_differ,
    what_was_read_stays_read_when_its_reader_joins_again_elsewhere,
    inboxes_miss_nothing_of_a_node_whose_clock_is_behind,
];

async fn two_tabs_refresh_on_two_nodes_whose_clocks_differ(_: Engine) {
    let nodes = nodes_apart(Nats::start().await).await;
    let alice = nodes.a.user("alice").await;
    let mut refresh_token = alice.refresh_token.clone();
    for (first, second) in [(&nodes.a, &nodes.b), (&nodes.b, &nodes.a)] {
        // To the second node, it was used five minutes ago, or will be in five minutes.
        let one = first.anonymous.refresh(&refresh_token).await;
        let other = second.anonymous.refresh(&refresh_token).await;
        for tab in [&one, &other] {
            assert_eq!(tab.session, alice.session);
            for node in [&nodes.a, &nodes.b] {
                let answer = node.here(tab).graphql("{ viewer { user { id } } }", Value::Null).await;
                assert_eq!(answer.text("/viewer/user/id"), alice.id);
            }
        }
        refresh_token = other.refresh_token;
    }
}

async fn what_was_read_stays_read_when_its_reader_joins_again_elsewhere(_: Engine) {
    let nodes = nodes_apart(Nats::start().await).await;
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    for (read_on, joined_on) in [(&nodes.b, &nodes.a), (&nodes.a, &nodes.b)] {
        let group = nodes.a.group(&alice, &[&bob]).await;
        let read = alice.send(&group, "for bob").await;
        read_on.here(&bob).mark_read(&group, &read.cursor).await;
        let before = status(&alice, &read.id).await;
        assert_eq!(before["status"], "READ");
        bob.leave(&group).await;
        joined_on.here(&alice).add(&group, &bob).await;
        assert_eq!(status(&alice, &read.id).await, before, "a status never goes back");
        // And what he reads after his return says nothing of what was written while he was out.
        bob.leave(&group).await;
        let unread = alice.send(&group, "while he was out").await;
        joined_on.here(&alice).add(&group, &bob).await;
        let after = alice.send(&group, "welcome back").await;
        read_on.here(&bob).mark_read(&group, &after.cursor).await;
        assert_eq!(status(&alice, &after.id).await["status"], "READ");
        assert_eq!(status(&alice, &unread.id).await["status"], "SENT");
    }
}

async fn status(user: &User, message: &str) -> Value {
    user.message(message, "status statusTimestamps { read }").await
}

async fn inboxes_miss_nothing_of_a_node_whose_clock_is_behind(_: Engine) {
    let nodes = nodes_apart(Nats::start().await).await;
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let threads = [nodes.a.direct(&alice, &bob).await, nodes.a.group(&alice, &[&bob]).await];
    let on_b = nodes.b.here(&alice);
    // A cursor taken just after something was sent on the node that is ahead: what the other one sends comes after it.
    on_b.send(&threads[0], "of the future").await;
    let socket = nodes.b.socket(&bob).await;
    let mut inbox = socket.inbox(None).await;
    let cursor = inbox.event().await["cursor"].as_str().expect("a cursor").to_owned();
    let sent = alice.send(&threads[1], "of the past").await;
    let again = nodes.a.socket(&bob).await;
    let frames = again.inbox(Some(&cursor)).await.until("InboxCaughtUp").await;
    let last = frames.iter().map(|frame| &frame["thread"]["lastMessage"]["id"]);
    assert!(last.into_iter().any(|id| *id == *sent.id), "{frames:?}");
}

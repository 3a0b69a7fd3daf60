//! What the nodes tell each other over NATS, and how little depends on it.

use serde_json::{Value, json};
use tests::{Engine, Frame, Nats, Nodes, Subscription, User, World, eventually, postgres_claims};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{types, until_hints_flow};

postgres_claims![
    what_happens_on_one_node_is_streamed_on_the_other,
    without_nats_messages_come_by_the_nodes_own_look,
    what_was_missed_while_nats_was_away_is_caught_up_with,
    signals_cross_from_node_to_node,
    who_is_there_on_another_node_is_not_gone,
    a_session_revoked_on_one_node_ends_on_the_other,
    without_nats_a_session_revoked_on_one_node_ends_on_the_other,
    whatever_speaks_for_an_account_and_ends_on_one_node_ends_on_the_other,
    a_forged_hint_ends_no_session,
    two_installations_share_a_nats,
];

/// Settings under which nobody looks by themselves: what comes, came by a hint.
const BLIND: &[(&str, &str)] = &[
    ("LINNET_HUB_LOOK_MS", "3600000"),
    ("LINNET_INBOX_LOOK_SECONDS", "3600"),
    ("LINNET_REVOCATION_LOOK_MS", "3600000"),
];

async fn blind() -> Nodes {
    Nodes::start_with(Nats::start().await, BLIND).await
}

async fn what_happens_on_one_node_is_streamed_on_the_other(_: Engine) {
    let nodes = blind().await;
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let thread = nodes.a.direct(&alice, &bob).await;
    until_hints_flow(&nodes, &alice, &bob, &thread).await;
    let start = alice.event_cursor(&thread).await;
    let socket = nodes.b.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&start)).await;
    let mut messages = socket.messages(&thread, Some(&start)).await;
    let mut inbox = socket.inbox(None).await;
    events.until("CaughtUp").await;
    inbox.until("InboxCaughtUp").await;
    for _ in 0..5 {
        let sent = alice.send(&thread, "hello").await;
        assert_eq!(messages.value().await["cursor"], sent.cursor.as_str());
        assert_eq!(events.until_cursor(&sent.cursor).await.last().unwrap()["message"]["id"], sent.id.as_str());
        until_last(&mut inbox, &sent.id).await;
        let edited = alice.edit(&sent, "hello again").await;
        assert_eq!(events.event().await["cursor"], edited.as_str());
    }
    // And a thread that the other node has heard nothing of before.
    let group = nodes.a.group(&alice, &[&bob]).await;
    loop {
        if inbox.event().await["thread"]["id"] == group.as_str() {
            return;
        }
    }
}

/// Reads on until a thread's last message is this.
async fn until_last(inbox: &mut Subscription, message: &str) {
    while inbox.event().await["thread"]["lastMessage"]["id"] != message {}
}

async fn without_nats_messages_come_by_the_nodes_own_look(_: Engine) {
    // NATS has not been there once.
    let nodes = Nodes::start_with(Nats::prepare(), &[]).await;
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let thread = nodes.a.direct(&alice, &bob).await;
    let start = alice.event_cursor(&thread).await;
    let socket = nodes.b.socket(&bob).await;
    let mut events = socket.events(&thread, Some(&start)).await;
    let mut messages = socket.messages(&thread, Some(&start)).await;
    events.until("CaughtUp").await;
    for _ in 0..3 {
        let sent = alice.send(&thread, "hello").await;
        events.until_cursor(&sent.cursor).await;
        assert_eq!(messages.value().await["cursor"], sent.cursor.as_str());
    }
    // It comes up at last, and the nodes find it by themselves.
    nodes.nats.restart().await;
    until_hints_flow(&nodes, &alice, &bob, &thread).await;
}

async fn what_was_missed_while_nats_was_away_is_caught_up_with(_: Engine) {
    let nodes = blind().await;
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let thread = nodes.a.direct(&alice, &bob).await;
    until_hints_flow(&nodes, &alice, &bob, &thread).await;
    let socket = nodes.b.socket(&bob).await;
    let mut inbox = socket.inbox(None).await;
    inbox.until("InboxCaughtUp").await;
    nodes.nats.kill();
    let sent = alice.send(&thread, "hello").await;
    // Nobody sends any more, and nobody looks before an hour has passed, unless told that something was missed.
    nodes.nats.restart().await;
    until_last(&mut inbox, &sent.id).await;
}

async fn signals_cross_from_node_to_node(nodes: Nodes) {
    let [alice, bob, carol] = nodes.a.users(["alice", "bob", "carol"]).await;
    let direct = nodes.a.direct(&alice, &bob).await;
    until_hints_flow(&nodes, &alice, &bob, &direct).await;
    let group = nodes.a.group(&alice, &[&bob, &carol]).await;
    let (on_a, on_b) = (nodes.a.socket(&alice).await, nodes.b.socket(&bob).await);
    let mut heard = on_a.signals(&group).await;
    until_presence(&mut heard, &alice, true).await;
    // A newcomer learns who is there on other nodes, and they of the newcomer.
    let mut of_newcomer = on_b.signals(&group).await;
    until_presence(&mut of_newcomer, &alice, true).await;
    until_presence(&mut heard, &bob, true).await;
    nodes.b.here(&carol).try_type(&group).await.ok("/typingSignal");
    loop {
        let signal = heard.value().await;
        if signal["__typename"] == "Typing" {
            assert_eq!(signal["user"]["id"], carol.id);
            break;
        }
    }
    on_b.cut().await;
    until_presence(&mut heard, &bob, false).await;
}

async fn who_is_there_on_another_node_is_not_gone(nodes: Nodes) {
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let thread = nodes.a.direct(&alice, &bob).await;
    until_hints_flow(&nodes, &alice, &bob, &thread).await;
    // Bob has a tab on either node, Alice watches on the first.
    let (of_alice, first, second) =
        (nodes.a.socket(&alice).await, nodes.a.socket(&bob).await, nodes.b.socket(&bob).await);
    let mut on_second = second.signals(&thread).await;
    until_presence(&mut on_second, &bob, true).await;
    let mut heard = of_alice.signals(&thread).await;
    until_presence(&mut heard, &bob, true).await;
    let mut on_first = first.signals(&thread).await;
    until_presence(&mut on_first, &bob, true).await;
    // Of two that he leaves, it is the last one that counts.
    first.complete(&on_first);
    second.complete(&on_second);
    until_presence(&mut heard, &bob, false).await;
    let marker = nodes.b.here(&bob).try_type(&thread).await;
    marker.ok("/typingSignal");
    let signal = heard.value().await;
    assert_eq!(signal["__typename"], "Typing", "nobody says that he is there again: {signal}");
}

/// Reads on until this user is said to be there, or gone.
async fn until_presence(signals: &mut Subscription, user: &User, online: bool) {
    loop {
        let signal = signals.value().await;
        if signal["user"]["id"] == user.id.as_str() && signal["online"] == online {
            return;
        }
    }
}

async fn a_session_revoked_on_one_node_ends_on_the_other(_: Engine) {
    let nodes = blind().await;
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let thread = nodes.a.direct(&alice, &bob).await;
    until_hints_flow(&nodes, &alice, &bob, &thread).await;
    revoked_elsewhere(&nodes, &alice, &thread).await;
}

async fn without_nats_a_session_revoked_on_one_node_ends_on_the_other(nodes: Nodes) {
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let thread = nodes.a.direct(&alice, &bob).await;
    until_hints_flow(&nodes, &alice, &bob, &thread).await;
    nodes.nats.freeze();
    revoked_elsewhere(&nodes, &alice, &thread).await;
    nodes.nats.thaw();
    nodes.nats.kill();
    revoked_elsewhere(&nodes, &bob, &thread).await;
}

/// Ends a session on the first node; its sockets on the second close, and those of another session stay.
async fn revoked_elsewhere(nodes: &Nodes, user: &User, thread: &str) {
    let other = nodes.a.anonymous.sign_in(&user.username).await;
    let (busy, idle, stays) = (nodes.b.socket(user).await, nodes.b.socket(user).await, nodes.b.socket(&other).await);
    let mut stream = busy.events(thread, None).await;
    stream.until("CaughtUp").await;
    let mut of_other = stays.events(thread, None).await;
    of_other.until("CaughtUp").await;
    other.revoke_session(Some(&user.session)).await.ok("/sessionRevoke/revokedId");
    assert_eq!(stream.closed().await, 4403);
    assert_eq!(idle.closed().await, 4403, "one without a stream too");
    let answer = nodes.b.here(user).graphql("{ viewer { email } }", Value::Null).await;
    assert_eq!(answer.error_code(), Some("UNAUTHENTICATED"));
    assert_eq!(of_other.try_next(), None::<Frame>, "another session's socket stays");
}

async fn whatever_speaks_for_an_account_and_ends_on_one_node_ends_on_the_other(_: Engine) {
    let nodes = blind().await;
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let thread = nodes.a.direct(&alice, &bob).await;
    until_hints_flow(&nodes, &alice, &bob, &thread).await;
    let stays = nodes.b.socket(&alice).await;
    let mut of_alice = stays.events(&thread, None).await;
    of_alice.until("CaughtUp").await;
    // Another session, a key, a device.
    let other = nodes.b.socket(&nodes.a.anonymous.sign_in("alice").await).await;
    alice.mutate("sessionRevokeOthers", json!({}), "session { id }").await.ok("/sessionRevokeOthers/session/id");
    assert_eq!(other.closed().await, 4403);
    let key = alice.create_key(&["READ"]).await;
    let of_key = nodes.b.socket(&key.user).await;
    alice.revoke_key(&key.id).await.ok("/apiKeyRevoke/revokedId");
    assert_eq!(of_key.closed().await, 4403);
    let device = json!({ "id": "an id that a client keeps", "name": "A telephone" });
    let on_device = nodes.b.socket(&nodes.a.anonymous.sign_in_on("alice", device).await).await;
    let devices = alice.graphql("{ viewer { devices { nodes { id } } } }", Value::Null).await;
    let id = devices.text("/viewer/devices/nodes/0/id");
    alice.mutate("deviceRemove", json!({ "id": id }), "removedId").await.ok("/deviceRemove/removedId");
    assert_eq!(on_device.closed().await, 4403);
    assert_eq!(of_alice.try_next(), None::<Frame>, "the session that did it stays");
    // And all of an account at once.
    let key = alice.create_key(&["READ"]).await;
    let of_key = nodes.b.socket(&key.user).await;
    nodes.a.grant_admin("bob").await;
    bob.mutate("userSuspend", json!({ "id": alice.id }), "suspendedAt").await.ok("/userSuspend/suspendedAt");
    assert_eq!(of_alice.closed().await, 4403);
    assert_eq!(of_key.closed().await, 4403);
}

async fn a_forged_hint_ends_no_session(nodes: Nodes) {
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let thread = nodes.a.direct(&alice, &bob).await;
    until_hints_flow(&nodes, &alice, &bob, &thread).await;
    let (of_alice, of_bob) = (nodes.b.socket(&alice).await, nodes.b.socket(&bob).await);
    let mut events = of_alice.events(&thread, None).await;
    events.until("CaughtUp").await;
    let mut signals = of_bob.signals(&thread).await;
    nodes.b.server.record_statements().await;
    let hints = [format!("revoked {}", alice.session), format!("ended {}", alice.id)];
    forge(&nodes, &hints.into_iter().cycle().take(2_000).collect::<Vec<_>>()).await;
    // What is said after them is heard after them.
    eventually("the node to have heard them", async || {
        nodes.a.here(&alice).try_type(&thread).await.ok("/typingSignal");
        types(&mut signals, &alice).then_some(())
    })
    .await;
    let asked = nodes.b.server.statements().await;
    let asked = asked.iter().filter(|statement| statement.sql.contains("revoked_at IS NOT NULL")).count();
    assert!(asked <= 100, "two thousand hints made it ask {asked} times");
    let sent = bob.send(&thread, "still there?").await;
    assert_eq!(events.until_cursor(&sent.cursor).await.last().unwrap()["message"]["id"], sent.id.as_str());
    nodes.b.here(&alice).graphql("{ viewer { email } }", Value::Null).await.ok("/viewer/email");
    revoked_elsewhere(&nodes, &alice, &thread).await;
}

/// Publishes hints as anybody may who reaches the NATS.
async fn forge(nodes: &Nodes, hints: &[String]) {
    let epoch = nodes.a.database.number("SELECT log_epoch FROM instance").await;
    let url = nodes.nats.url();
    let mut stream = TcpStream::connect(url.strip_prefix("nats://").unwrap()).await.unwrap();
    let mut lines = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n".to_owned();
    for hint in hints {
        lines += &format!("PUB linnet.{epoch:08x} {}\r\n{hint}\r\n", hint.len());
    }
    stream.write_all(format!("{lines}PING\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|word| word == b"PONG") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "NATS hangs up");
    }
}

async fn two_installations_share_a_nats(nodes: Nodes) {
    // Another installation, with a database of its own, hears hints of threads that it has never heard of.
    let url = nodes.nats.url();
    let other = World::start_with(Engine::Postgres, &[("LINNET_NATS_URL", &url)]).await;
    let [alice, bob] = nodes.a.users(["alice", "bob"]).await;
    let [carol, dave] = other.users(["carol", "dave"]).await;
    let (here, there) = (nodes.a.direct(&alice, &bob).await, other.direct(&carol, &dave).await);
    until_hints_flow(&nodes, &alice, &bob, &here).await;
    let (of_bob, of_dave) = (nodes.b.socket(&bob).await, other.socket(&dave).await);
    let (mut events, mut elsewhere) = (of_bob.events(&here, None).await, of_dave.events(&there, None).await);
    events.until("CaughtUp").await;
    elsewhere.until("CaughtUp").await;
    let (sent, other_sent) = (alice.send(&here, "here").await, carol.send(&there, "there").await);
    assert_eq!(events.event().await["cursor"], json!(sent.cursor));
    assert_eq!(elsewhere.event().await["cursor"], json!(other_sent.cursor));
}

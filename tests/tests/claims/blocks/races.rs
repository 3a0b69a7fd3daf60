//! What happens at the same moment as a block comes before it or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::json;
use tests::{Answer, Nodes, User, World, claims, postgres_claims};

claims![
    nothing_that_is_sent_comes_behind_a_block,
    a_thread_that_is_made_while_one_blocks_is_closed_or_is_not,
    nobody_is_added_behind_a_block,
    two_who_block_and_lift_at_once_end_as_their_blocks_say,
];

mod nodes {
    use super::*;

    postgres_claims![what_is_sent_on_another_node_does_not_come_behind_a_block];
}

/// Sends until the block is there and a while longer. What is stored is what was sent before the block was answered.
async fn send_and_block(senders: &[User], blocker: &User, other: &User, thread: &str) {
    let blocked = Arc::new(AtomicBool::new(false));
    let sending = senders.iter().map(|sender| {
        let blocked = blocked.clone();
        async move {
            let mut refused = 0;
            for number in 0.. {
                let behind = blocked.load(Ordering::SeqCst);
                let answer = sender.try_send(thread, &number.to_string()).await;
                let stored = answer.user_errors("messageSend").is_empty();
                assert!(!(stored && behind), "sent after the block was there: {}", answer.json);
                refused += usize::from(!stored);
                if refused >= 3 {
                    return;
                }
                assert!(number < 2_000, "the block does not come");
            }
        }
    });
    let blocking = async {
        tests::eventually("some messages", async || (blocker.history(thread).await.len() >= 3).then_some(())).await;
        blocker.block(other).await;
        blocked.store(true, Ordering::SeqCst);
        blocker.event_cursor(thread).await
    };
    let (cursor, _) = futures_util::future::join(blocking, join_all(sending)).await;
    assert_eq!(blocker.event_cursor(thread).await, cursor, "the log has not grown behind the block");
}

async fn nothing_that_is_sent_comes_behind_a_block(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for (blocker, other) in [(&alice, &bob), (&bob, &alice)] {
        let senders = [alice.clone(), bob.clone(), alice.clone(), bob.clone()];
        send_and_block(&senders, blocker, other, &thread).await;
        blocker.unblock(other).await;
    }
}

async fn what_is_sent_on_another_node_does_not_come_behind_a_block(nodes: Nodes) {
    let (one, two) = (&nodes.a, &nodes.b);
    let [alice, bob] = one.users(["alice", "bob"]).await;
    let thread = one.direct(&alice, &bob).await;
    let senders = [two.here(&alice), two.here(&bob), one.here(&bob)];
    send_and_block(&senders, &alice, &bob, &thread).await;
}

async fn a_thread_that_is_made_while_one_blocks_is_closed_or_is_not(world: World) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 12).await;
    let mut made = 0;
    for (number, other) in others.iter().enumerate() {
        let create = async || {
            if number % 2 == 0 {
                other.try_create_direct(&alice.id).await
            } else {
                alice.try_create_direct(&other.id).await
            }
        };
        let (answer, _) = futures_util::future::join(create(), alice.block(other)).await;
        if answer.user_errors("threadCreate").is_empty() {
            made += 1;
            let thread = answer.text("/threadCreate/thread/id");
            for user in [other, &alice] {
                user.try_send(&thread, "listen").await.refused("messageSend", "FORBIDDEN", &["threadId"]);
                assert_eq!(user.thread(&thread).await["viewerState"]["canSend"], false);
            }
        } else {
            answer.refused("threadCreate", "FORBIDDEN", &["direct", "userId"]);
        }
    }
    eprintln!("{made} of {} were made before the block", others.len());
    let closed = "SELECT COUNT(*) FROM threads WHERE blocked";
    assert_eq!(world.database.number(closed).await, made);
}

async fn nobody_is_added_behind_a_block(world: World) {
    let alice = world.user("alice").await;
    let others = world.crowd("other", 8).await;
    let group = world.group(&alice, &[]).await;
    for other in &others {
        let blocked = AtomicBool::new(false);
        let add = async {
            let mut answers: Vec<(bool, Answer)> = Vec::new();
            while answers.len() < 3 {
                let behind = blocked.load(Ordering::SeqCst);
                answers.push((behind, alice.try_add(&group, &other.id).await));
                other.mutate("threadLeave", json!({ "id": group }), "leftId").await;
            }
            answers
        };
        let block = async {
            other.block(&alice).await;
            blocked.store(true, Ordering::SeqCst);
        };
        let (answers, ()) = futures_util::future::join(add, block).await;
        for (behind, answer) in answers {
            let added = answer.user_errors("participantAdd").is_empty();
            assert!(!(added && behind), "added after the block was there: {}", answer.json);
        }
        alice.try_add(&group, &other.id).await.refused("participantAdd", "FORBIDDEN", &["userId"]);
    }
}

async fn two_who_block_and_lift_at_once_end_as_their_blocks_say(world: World) {
    let [alice, bob] = world.users(["alice", "bob"]).await;
    let thread = world.direct(&alice, &bob).await;
    for round in 0..10 {
        if round % 2 == 0 {
            alice.block(&bob).await;
            futures_util::future::join(alice.unblock(&bob), bob.block(&alice)).await;
            assert_eq!(bob.thread(&thread).await["viewerState"]["canSend"], false, "bob's block stays");
            bob.unblock(&alice).await;
        } else {
            futures_util::future::join(alice.block(&bob), bob.block(&alice)).await;
            futures_util::future::join(alice.unblock(&bob), bob.unblock(&alice)).await;
        }
        alice.send(&thread, "hello").await;
        bob.send(&thread, "hello").await;
    }
}

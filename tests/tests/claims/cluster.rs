//! Two nodes on one PostgreSQL: what holds on one holds across them, whatever becomes of the NATS between.

mod clocks;
mod hints;
mod order;
mod outages;

use std::time::Duration;

use futures_util::future::join;
use tests::{Frame, Nats, Nodes, Subscription, User, eventually};

/// How far the second node's clock is ahead of the first one's.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Two nodes whose clocks are five minutes apart.
async fn nodes_apart(nats: Nats) -> Nodes {
    let nodes = Nodes::start_with(nats, &[]).await;
    nodes.b.server.advance_clock(SKEW).await;
    nodes
}

/// Waits until hints flow from each node to the other: of a direct thread of two, until each hears the other type.
async fn until_hints_flow(nodes: &Nodes, alice: &User, bob: &User, thread: &str) {
    let (on_a, on_b) = join(nodes.a.socket(alice), nodes.b.socket(bob)).await;
    let (mut heard_on_a, mut heard_on_b) = join(on_a.signals(thread), on_b.signals(thread)).await;
    eventually("hints from the first node", async || {
        nodes.a.here(alice).try_type(thread).await.ok("/typingSignal");
        types(&mut heard_on_b, alice).then_some(())
    })
    .await;
    eventually("hints from the second node", async || {
        nodes.b.here(bob).try_type(thread).await.ok("/typingSignal");
        types(&mut heard_on_a, bob).then_some(())
    })
    .await;
}

/// Whether this user was heard to type by now.
fn types(signals: &mut Subscription, user: &User) -> bool {
    std::iter::from_fn(|| signals.try_next()).any(|frame| {
        let Frame::Next(payload) = frame else { panic!("signals go on; not {frame:?}") };
        let signal = &payload["data"]["threadSignals"];
        signal["__typename"] == "Typing" && signal["user"]["id"] == *user.id
    })
}

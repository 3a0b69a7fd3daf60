//! The core's scenes of cuts, kills and removals with those who write on one node and those who watch on another, on
//! clocks that are five minutes apart, while NATS is well and while it is not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join;
use tests::{Engine, Nats, Nodes, eventually, postgres_claims};
use tokio::time::sleep;

use super::nodes_apart;
use crate::crash::kill::kills;
use crate::cuts::fifty_cuts;
use crate::removal::race::removals;

postgres_claims![
    heavy_cuts_across_nodes_lose_double_and_reorder_nothing,
    heavy_cuts_are_survived_while_nats_is_killed_and_started,
    heavy_cuts_are_survived_while_nats_is_cut_off,
    heavy_cuts_are_survived_while_nats_is_frozen,
    heavy_kills_across_nodes_lose_nothing,
    heavy_kills_are_survived_while_nats_is_killed_and_started,
    heavy_kills_are_survived_while_nats_is_cut_off,
    heavy_kills_are_survived_while_nats_is_frozen,
    heavy_removals_hold_across_nodes,
    heavy_removals_hold_while_nats_is_killed_and_started,
    heavy_removals_hold_while_nats_is_cut_off,
    heavy_removals_hold_while_nats_is_frozen,
];

const KILLS: usize = 5;
/// Removals of each member: with NATS, and when each may take as long as the nodes' own looks do.
const REMOVALS: usize = 40;
const SLOW_REMOVALS: usize = 10;
/// How long NATS is frozen.
const FROZEN: Duration = Duration::from_secs(10);

/// What becomes of NATS.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outage {
    None,
    Killed,
    CutOff,
    Frozen,
}

impl Outage {
    async fn nodes(self) -> Nodes {
        nodes_apart(if self == Self::CutOff { Nats::start_apart().await } else { Nats::start().await }).await
    }

    /// Plays a scene; until it is over, NATS goes away and comes back again and again.
    async fn during(self, nodes: &Nodes, scene: impl Future<Output = ()>) {
        eventually("the nodes to find NATS", async || (times_connected(nodes) > 0).then_some(())).await;
        let over = AtomicBool::new(false);
        let playing = async {
            scene.await;
            over.store(true, Ordering::Relaxed);
        };
        let failing = async {
            let mut times = 0;
            while self != Self::None && !over.load(Ordering::Relaxed) {
                self.come_and_go(nodes).await;
                times += 1;
            }
            eprintln!("NATS went away and came back {times} times");
        };
        join(playing, failing).await;
    }

    /// NATS goes away until the watching node has noticed, and is back when that node has found it again.
    async fn come_and_go(self, nodes: &Nodes) {
        let (nats, connected, in_trouble) = (&nodes.nats, times_connected(nodes), times_in_trouble(nodes));
        let noticed = async {
            eventually("the loss to be noticed", async || (times_in_trouble(nodes) > in_trouble).then_some(())).await;
        };
        match self {
            Self::None => {}
            Self::Killed => {
                nats.kill();
                noticed.await;
                nats.restart().await;
            }
            Self::CutOff => {
                nats.cut_off();
                noticed.await;
                nats.join_again();
            }
            Self::Frozen => {
                nats.freeze();
                sleep(FROZEN).await;
                noticed.await;
                nats.thaw();
            }
        }
        eventually("NATS to be found again", async || (times_connected(nodes) > connected).then_some(())).await;
    }
}

/// How often the watching node has said that it is connected to NATS.
fn times_connected(nodes: &Nodes) -> usize {
    nodes.b.server.log().matches("connected to NATS").count()
}

/// How often it has said that something is wrong with it.
fn times_in_trouble(nodes: &Nodes) -> usize {
    nodes.b.server.log().matches("trouble with NATS").count()
}

async fn cuts(outage: Outage) {
    let nodes = outage.nodes().await;
    outage.during(&nodes, fifty_cuts(&nodes.a, &nodes.b)).await;
}

async fn heavy_cuts_across_nodes_lose_double_and_reorder_nothing(_: Engine) {
    cuts(Outage::None).await;
}

async fn heavy_cuts_are_survived_while_nats_is_killed_and_started(_: Engine) {
    cuts(Outage::Killed).await;
}

async fn heavy_cuts_are_survived_while_nats_is_cut_off(_: Engine) {
    cuts(Outage::CutOff).await;
}

async fn heavy_cuts_are_survived_while_nats_is_frozen(_: Engine) {
    cuts(Outage::Frozen).await;
}

async fn killing(outage: Outage) {
    let nodes = outage.nodes().await;
    outage.during(&nodes, kills(&nodes.a, &nodes.b, KILLS)).await;
}

async fn heavy_kills_across_nodes_lose_nothing(_: Engine) {
    killing(Outage::None).await;
}

async fn heavy_kills_are_survived_while_nats_is_killed_and_started(_: Engine) {
    killing(Outage::Killed).await;
}

async fn heavy_kills_are_survived_while_nats_is_cut_off(_: Engine) {
    killing(Outage::CutOff).await;
}

async fn heavy_kills_are_survived_while_nats_is_frozen(_: Engine) {
    killing(Outage::Frozen).await;
}

async fn removing(outage: Outage, rounds: usize) {
    let nodes = outage.nodes().await;
    outage.during(&nodes, removals(&nodes.a, &nodes.b, rounds)).await;
}

async fn heavy_removals_hold_across_nodes(_: Engine) {
    removing(Outage::None, REMOVALS).await;
}

async fn heavy_removals_hold_while_nats_is_killed_and_started(_: Engine) {
    removing(Outage::Killed, SLOW_REMOVALS).await;
}

async fn heavy_removals_hold_while_nats_is_cut_off(_: Engine) {
    removing(Outage::CutOff, SLOW_REMOVALS).await;
}

async fn heavy_removals_hold_while_nats_is_frozen(_: Engine) {
    removing(Outage::Frozen, SLOW_REMOVALS).await;
}

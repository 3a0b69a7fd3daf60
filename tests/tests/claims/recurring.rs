//! Work that comes back: once in each period, whichever node asks.

use std::time::Duration;

use tests::job::all_done;
use tests::{Engine, Server, World, claims, eventually};

claims![
    in_each_period_it_is_asked_for_once,
    a_server_without_workers_asks_and_a_worker_does_it,
    what_is_kept_for_ever_is_not_looked_for,
];

/// How often a kind of job was done by a server.
async fn done(server: &Server, kind: &str) -> i64 {
    server.metrics().await.sum("linnet_jobs_total", &[("kind", kind), ("outcome", "done")]) as i64
}

async fn in_each_period_it_is_asked_for_once(engine: Engine) {
    let world = World::start(engine).await;
    for period in 1..=3 {
        for _ in 0..4 {
            world.server.look_for_recurring_work().await;
            all_done(&world.database).await;
        }
        let told = async || {
            let kinds = ["remove_expired", "trim_logs", "move_messages", "delete_old_messages"];
            let all = futures_util::future::join_all(kinds.map(|kind| done(&world.server, kind))).await;
            (all == [period; 4]).then_some(())
        };
        eventually("each to be done once in each period", told).await;
        world.server.advance_clock(Duration::from_secs(3601)).await;
    }
}

async fn a_server_without_workers_asks_and_a_worker_does_it(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    world.server.look_for_recurring_work().await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs WHERE attempts = 0").await, 4);
    let worker = world.worker(&[]);
    all_done(&world.database).await;
    assert_eq!(worker.stop().await.code(), Some(0));
}

async fn what_is_kept_for_ever_is_not_looked_for(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_LOG_RETENTION_DAYS", "0"), ("LINNET_JOB_WORKERS", "0")]).await;
    world.server.look_for_recurring_work().await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs WHERE kind = 'remove_expired'").await, 1);
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs WHERE kind = 'trim_logs'").await, 0);
}

mod nodes {
    use futures_util::future::join_all;
    use tests::Nodes;
    use tests::job::all_done;

    use super::done;

    tests::postgres_claims![of_all_nodes_one_asks];

    async fn of_all_nodes_one_asks(nodes: Nodes) {
        let looks = (0..20).map(|number| {
            let node = if number % 2 == 0 { &nodes.a } else { &nodes.b };
            node.server.look_for_recurring_work()
        });
        join_all(looks).await;
        all_done(&nodes.a.database).await;
        let both = async || {
            let of_both = done(&nodes.a.server, "remove_expired").await + done(&nodes.b.server, "remove_expired").await;
            (of_both == 1).then_some(())
        };
        tests::eventually("it to be done once", both).await;
    }
}

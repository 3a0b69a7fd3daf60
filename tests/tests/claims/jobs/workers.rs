//! Who does jobs: servers, as many at once as they are told, and processes that do nothing else.

use tests::job::until;
use tests::mail::PROVE;
use tests::{Engine, World, claims, eventually};

use super::silence;

claims![
    a_server_without_workers_leaves_its_jobs_to_a_worker,
    a_worker_that_is_told_to_stop_leaves_its_jobs_to_others,
    a_worker_does_as_many_at_once_as_it_is_told,
];

async fn a_server_without_workers_leaves_its_jobs_to_a_worker(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    let alice = world.user("alice").await;
    until(&world.database, 1, "attempts = 0 AND reserved_at IS NULL").await;
    let worker = world.worker(&[]);
    worker.mail_to(&alice.email(), PROVE, 1).await;
    until(&world.database, 0, "1 = 1").await;
    assert!(world.server.mails().is_empty(), "the server has sent none");
    assert_eq!(worker.stop().await.code(), Some(0));
    assert!(worker.log().contains("stopped"));
}

async fn a_worker_that_is_told_to_stop_leaves_its_jobs_to_others(engine: Engine) {
    let (_silent, url) = silence().await;
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    let alice = world.user("alice").await;
    let worker = world.worker(&[("LINNET_SMTP_URL", &url)]);
    until(&world.database, 1, "reserved_at IS NOT NULL").await;
    assert_eq!(worker.stop().await.code(), Some(0));
    until(&world.database, 1, "reserved_at IS NULL AND attempts = 0 AND lease_id IS NULL").await;
    let other = world.worker(&[]);
    other.mail_to(&alice.email(), PROVE, 1).await;
    assert_eq!(other.stop().await.code(), Some(0));
}

async fn a_worker_does_as_many_at_once_as_it_is_told(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "2")]).await;
    world.database.count_jobs().await;
    world.server.begin_slow_batch(&[1, 2, 3, 4, 5, 6], None, 600_000).await;
    until(&world.database, 2, "reserved_at IS NOT NULL").await;
    let mut command = world.server.command(&["worker", "--jobs", "3"]);
    let worker = tests::Server::prepare(&world.database, &[]);
    command.env("LINNET_JOB_WORKERS", "1");
    worker.launch_as(command);
    until(&world.database, 5, "reserved_at IS NOT NULL").await;
    let waits = async || worker.log().contains("jobs=3").then_some(());
    eventually("it to say so", waits).await;
    assert_eq!(world.database.number("SELECT COUNT(*) FROM jobs WHERE reserved_at IS NULL").await, 1);
    worker.kill9();
    world.server.kill9();
}

mod nodes {
    use tests::{Engine, Nats, Nodes, eventually};

    tests::postgres_claims![a_job_of_one_node_wakes_the_workers_of_another];

    async fn a_job_of_one_node_wakes_the_workers_of_another(_: Engine) {
        // Nobody looks by themselves: what is done, was hinted at.
        let nodes = Nodes::start_with(Nats::start().await, &[("LINNET_JOB_LOOK_MS", "3600000")]).await;
        nodes.a.database.count_jobs().await;
        nodes.a.server.set("LINNET_JOB_WORKERS", "0");
        nodes.a.server.restart().await;
        let mut number = 0;
        let mut done = async || {
            number += 1;
            nodes.a.server.begin_batch(&[number], None).await;
            (!nodes.a.database.counted().await.is_empty()).then_some(())
        };
        // The first hints may come before the nodes have found each other.
        eventually("hints to flow", &mut done).await;
        let many: Vec<_> = (1_000..1_020).collect();
        for number in &many {
            nodes.a.server.begin_batch(&[*number], None).await;
        }
        let all = async || {
            let counted = nodes.a.database.counted().await;
            many.iter().all(|number| counted.contains(&i64::from(*number))).then_some(())
        };
        eventually("all of them to be done", all).await;
    }
}

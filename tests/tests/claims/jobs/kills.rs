//! Workers that are killed, or stopped for so long that others have gone on without them: each effect is there once.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tests::job::{PAST, until};
use tests::{Chance, Engine, Server, World, claims, eventually};
use tokio::time::{Instant, sleep};

claims![
    heavy_each_effect_is_there_once_though_workers_are_killed,
    a_worker_stopped_past_its_lease_commits_nothing,
    a_beginning_is_told_from_others_of_the_same_number,
];

const JOBS: i32 = 5_000;
const KILLS: usize = 50;

async fn heavy_each_effect_is_there_once_though_workers_are_killed(engine: Engine) {
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    world.database.count_jobs().await;
    let root = world.administrator("root").await;
    let id = world.server.begin_batch(&(0..JOBS).collect::<Vec<_>>(), Some(JOBS)).await;
    let left = async || world.database.number("SELECT COUNT(*) FROM jobs").await;
    let mut chance = Chance::new();
    let worker = Server::prepare(&world.database, &[]);
    for killed in 0..KILLS {
        worker.launch_as(worker.command(&["worker", "--jobs", "8"]));
        // Each does its part at least, so that there is something left for the last one to be killed over.
        let most = i64::from(JOBS) - (i64::from(JOBS) / KILLS as i64) * (killed as i64 + 1) / 2;
        eventually("the worker to work", async || (left().await < most).then_some(())).await;
        sleep(Duration::from_micros(chance.below(40_000) as u64)).await;
        worker.kill9();
        assert!(left().await > 0, "killed {killed} times, and nothing is left");
        // Its time is over.
        world.database.execute(&format!("UPDATE jobs SET available_at = '{PAST}' WHERE reserved_at IS NOT NULL")).await;
    }
    worker.launch_as(worker.command(&["worker", "--jobs", "8"]));
    let begun = Instant::now();
    while left().await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(120), "the rest is not done");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.database.counted().await, (0..=i64::from(JOBS)).collect::<Vec<_>>(), "each once, and the end");
    let batch = root.batch(&id).await;
    assert_eq!([&batch["pending"], &batch["failed"], &batch["total"]], [&json!(0), &json!(0), &json!(JOBS)]);
    assert!(!batch["finishedAt"].is_null());
    assert_eq!(world.database.number("SELECT COUNT(*) FROM failed_jobs").await, 0);
    worker.stop().await;
}

fn signal(worker: &Server, signal: Signal) {
    kill(Pid::from_raw(worker.id().try_into().unwrap()), signal).unwrap();
}

/// A world with one job that a worker has begun, and that was stopped over it.
async fn with_a_stopped_worker(engine: Engine) -> (World, Server) {
    let world = World::start_with(engine, &[("LINNET_JOB_WORKERS", "0")]).await;
    world.database.count_jobs().await;
    world.server.begin_slow_batch(&[1], Some(2), 1_000).await;
    let stopped = world.worker(&[]);
    until(&world.database, 1, "reserved_at IS NOT NULL").await;
    signal(&stopped, Signal::SIGSTOP);
    assert!(world.database.counted().await.is_empty(), "it was stopped before it had done anything");
    (world, stopped)
}

/// Lets the one go on that was stopped, while another does its job: what it does is done once.
async fn goes_on_beside_another(world: World, stopped: Server) {
    let other = world.worker(&[]);
    until(&world.database, 1, "reserved_at > created_at AND available_at > reserved_at").await;
    signal(&stopped, Signal::SIGCONT);
    until(&world.database, 0, "1 = 1").await;
    assert_eq!(world.database.counted().await, [1, 2]);
    // And whatever it was about to write, it has come to its end with it.
    assert_eq!(stopped.stop().await.code(), Some(0));
    assert_eq!(other.stop().await.code(), Some(0));
    assert_eq!(world.database.counted().await, [1, 2]);
    let batch =
        "SELECT COUNT(*) FROM job_batches WHERE pending_jobs = 0 AND failed_jobs = 0 AND finished_at IS NOT NULL";
    assert_eq!(world.database.number(batch).await, 1);
}

async fn a_worker_stopped_past_its_lease_commits_nothing(engine: Engine) {
    let (world, stopped) = with_a_stopped_worker(engine).await;
    world.database.execute(&format!("UPDATE jobs SET available_at = '{PAST}'")).await;
    goes_on_beside_another(world, stopped).await;
}

async fn a_beginning_is_told_from_others_of_the_same_number(engine: Engine) {
    let (world, stopped) = with_a_stopped_worker(engine).await;
    // As if it had been given up meanwhile, and been begun anew: whoever begins it now does so for the first time.
    let sql = format!("UPDATE jobs SET attempts = 0, reserved_at = NULL, lease_id = NULL, available_at = '{PAST}'");
    world.database.execute(&sql).await;
    goes_on_beside_another(world, stopped).await;
}

//! A thousand sign-ins with wrong passwords at once: what others who send meanwhile notice, and what it costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tests::{Client, World};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::pace::Senders;
use crate::process::{peak_memory, whole_cpu};
use crate::{SETTINGS, engine, part_of};

const SIGN_INS: usize = 1000;
/// Accounts that they are tried at; every other one is of nobody.
const ACCOUNTS: usize = 20;
/// How long it is quiet, before and after.
const QUIET: Duration = Duration::from_secs(15);

pub(crate) async fn run() {
    // Rates are off, as for every scenario.
    let world = World::start_with(engine(), SETTINGS).await;
    let senders = Senders::new(&world).await;
    world.crowd("known", ACCOUNTS / 2).await;
    senders.for_a_while(QUIET / 3).await;
    let before = peak_memory(&world.server);
    let mut without = senders.for_a_while(QUIET).await;
    let (used, begun) = (whole_cpu(&world.server), Instant::now());
    let count = part_of(SIGN_INS);
    let (again, mut during) = senders.until(elsewhere(world.anonymous.apart(), count)).await;
    let (used, took) = (whole_cpu(&world.server) - used, begun.elapsed());
    without.0.extend(senders.for_a_while(QUIET).await.0);
    let rate = count as f64 / took.as_secs_f64();
    let ratio = during.within(0.99).as_secs_f64() / without.within(0.99).as_secs_f64();
    println!("{count} sign-ins with wrong passwords at once, others send at a steady pace, on {:?}", engine());
    println!("  messageSend before and after {}", without.told());
    println!("  messageSend meanwhile        {}", during.told());
    println!("  p99 ratio                    {ratio:.2}");
    println!("  all were hashed after        {took:.1?}: {rate:.0} a second");
    println!("  told to try again            {again} times");
    println!("  CPU of the server for it     {used:.1?}");
    println!("  memory at its highest        {} MiB, {} MiB before", peak_memory(&world.server) / 1024, before / 1024);
}

/// The flood, from a runtime of its own that lets everybody else go first: those who send are not to wait for it before they have sent,
/// since the two have nothing but the server in common.
async fn elsewhere(client: Client, count: usize) -> usize {
    let (done, again) = oneshot::channel();
    std::thread::spawn(move || {
        rustix::process::setpriority_process(Some(rustix::thread::gettid()), 19).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        done.send(runtime.block_on(flood(&client, count))).unwrap();
    });
    again.await.unwrap()
}

/// Tries so many at once, each again when it is told to, until each was refused for its password. How often one was told to.
async fn flood(client: &Client, count: usize) -> usize {
    let again = Arc::new(AtomicUsize::new(0));
    let tries = (0..count).map(|number| {
        let (client, again) = (client.clone(), again.clone());
        tokio::spawn(async move {
            let name = if number % 2 == 0 { "known" } else { "nobody" };
            let input = json!({ "login": format!("{name}{}", 1 + number / 2 % (ACCOUNTS / 2)), "password": "not the password" });
            loop {
                let answer = client.mutate("sessionCreate", input.clone(), "user { id }").await;
                if answer.error_code() != Some("UNAVAILABLE") {
                    return answer.refused_with("sessionCreate", "WRONG_CREDENTIALS");
                }
                again.fetch_add(1, Ordering::Relaxed);
                let wait = answer.json.pointer("/errors/0/extensions/retryAfterMs").and_then(|wait| wait.as_u64());
                sleep(Duration::from_millis(wait.expect("it is said when to come again"))).await;
            }
        })
    });
    join_all(tries).await.into_iter().for_each(|tried| tried.unwrap());
    again.load(Ordering::Relaxed)
}

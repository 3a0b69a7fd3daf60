//! The bench: one scenario per promise that has a number in it. Prints figures; asserts nothing but what must hold at any speed.
//!
//! `LINNET_BIN=target/release/linnet cargo run --release -p bench -- SCENARIO`; README.md has the figures.

// Whoever runs a bench reads what it prints, and it stops at the first thing that is not as it should be.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tests::Engine;

mod cost;
mod deletion;
mod documents;
mod idle;
mod pace;
mod process;
mod samples;
mod search;
mod signins;
mod stalled;
mod storm;
mod timing;

fn main() {
    let scenario = std::env::args().nth(1).unwrap_or_default();
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        match scenario.as_str() {
            "deletion" => deletion::run().await,
            "documents" => documents::run().await,
            "idle" => idle::run().await,
            "search" => search::run().await,
            "signins" => signins::run().await,
            "stalled" => stalled::run().await,
            "storm" => storm::run().await,
            "repeat" => cost::repeat().await,
            "telemetry" => cost::telemetry().await,
            "timing" => timing::run().await,
            other => {
                panic!(
                    "there is no scenario `{other}`: deletion, documents, idle, repeat, search, signins, stalled, storm, telemetry, timing"
                )
            }
        }
    });
}

/// On which engine: PostgreSQL, if `LINNET_TEST_POSTGRES_URL` says where, for scenarios that run on both.
fn engine() -> Engine {
    if std::env::var_os("LINNET_TEST_POSTGRES_URL").is_some() { Engine::Postgres } else { Engine::Sqlite }
}

/// A number of a scenario, divided by `LINNET_BENCH_PART` where it is only tried out.
fn part_of(number: usize) -> usize {
    let part =
        std::env::var("LINNET_BENCH_PART").map_or(1, |part| part.parse().expect("LINNET_BENCH_PART is a number"));
    (number / part).max(1)
}

/// What every scenario sets: one machine is one address, and nobody is to be slowed down.
const SETTINGS: &[(&str, &str)] =
    &[("LINNET_ADDRESS_CONNECTIONS", "20000"), ("LINNET_ACCOUNT_SOCKETS", "20000"), ("LINNET_LOG", "warn")];

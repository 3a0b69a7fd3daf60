//! `linnet worker`.

use std::num::NonZeroUsize;

use anyhow::{Result, bail};

use super::signals::Signals;
use super::{open_as, open_assistant};
use crate::config::Config;

/// How many jobs of a queue it does at once if nobody says how many.
const JOBS: usize = 4;

/// Does jobs until it is told to stop: then those that run get a moment to come to their end, and are left to others if they don't.
pub(crate) async fn work(config: Config, jobs: Option<NonZeroUsize>) -> Result<()> {
    let Some(mut signals) = Signals::listen() else { bail!("signals can't be listened to") };
    let mut settings = config.settings();
    settings.job_workers = match (jobs, settings.job_workers) {
        (Some(jobs), _) => jobs.get(),
        (None, 0) => JOBS,
        (None, set) => set,
    };
    tracing::info!(jobs = settings.job_workers, "working");
    let app = open_as(&config, settings).await?;
    open_assistant(&app, true).await?;
    app.work();
    println!("Linnet is working");
    signals.next().await;
    tracing::info!("stopping");
    tokio::select! {
        () = app.stop() => {}
        () = signals.next() => bail!("told to end at once"),
    }
    tracing::info!("stopped");
    Ok(())
}

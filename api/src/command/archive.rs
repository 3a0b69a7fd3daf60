//! `linnet archive`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::archive::{self, Rule};

use super::{open, plainly};
use crate::config::Config;

/// Moves messages to the archive and back, as the job does, beside servers that run; with a number of days, all threads in which
/// nothing was said for so long.
pub(crate) async fn archive(config: Config, days: Option<u16>) -> Result<()> {
    let rule = days.map(|days| {
        let time = Some(Duration::from_secs(u64::from(days) * 24 * 3600));
        Rule { untouched: time, archived: time }
    });
    if rule.is_none() && !config.settings().archive.is_on() {
        bail!("neither `archive_untouched_days` nor `archive_archived_days` is set: set one, or say --days");
    }
    let app = open(&config).await?;
    let moved = archive::sweep(&app, rule).await.map_err(plainly).context("moving messages")?;
    println!("{} messages of {} threads moved to the archive.", moved.messages, moved.threads);
    if moved.returned > 0 {
        println!("{} messages moved back, of threads that were taken back.", moved.returned);
    }
    app.stop().await;
    Ok(())
}

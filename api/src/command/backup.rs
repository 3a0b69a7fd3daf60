//! `linnet backup` and `linnet restore`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use domain::backup;
use domain::infra::private;

use super::{known_migrations, migrate, plainly};
use crate::config::Config;

/// Where a backup is.
#[derive(Args)]
pub(crate) struct Place {
    /// The file.
    file: PathBuf,
    /// Replace what is there: by a backup the file, by a restore everything in the database.
    #[arg(long)]
    force: bool,
}

/// Writes a backup, beside a server that runs or without one.
pub(crate) async fn take(config: Config, place: Place) -> Result<()> {
    let (options, migrations) = (config.database(), known_migrations());
    let taken = backup::take(&options, &migrations, &place.file, place.force);
    let bytes = taken.await.map_err(plainly).context("nothing was backed up")?;
    println!("{} has everything ({:.1} MiB).", place.file.display(), bytes as f64 / (1024.0 * 1024.0));
    Ok(())
}

/// Puts a backup back, and brings its schema up to this version's.
pub(crate) async fn restore(config: Config, place: Place) -> Result<()> {
    private::directory(&config.data_dir).with_context(|| format!("making {}", config.data_dir.display()))?;
    let (options, migrations) = (config.database(), known_migrations());
    let restored = backup::restore(&options, &migrations, &place.file, place.force);
    restored.await.map_err(plainly).context("nothing was restored")?;
    migrate::up(&config).await?;
    println!(
        "The database is as it was when {} was made. Streams that go on from a cursor begin anew.",
        place.file.display()
    );
    Ok(())
}

//! `linnet maintain`.

use anyhow::{Context, Result};
use domain::maintenance;

use super::plainly;
use crate::config::Config;

/// Keeps the database in order beside a server that runs; in full, without one.
pub(crate) async fn maintain(config: Config, full: bool) -> Result<()> {
    let options = config.database();
    if full {
        maintenance::rewrite(&options).await.map_err(plainly).context("maintaining the database")?;
        println!("The file was written anew.");
        return Ok(());
    }
    maintenance::maintain(&options, |done| println!("{done}"))
        .await
        .map_err(plainly)
        .context("maintaining the database")
}

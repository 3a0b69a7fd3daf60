//! `linnet seed`.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::{open, plainly};
use crate::config::Config;

/// Fills the database with the demo, or with a lot, and prints who can sign in.
pub(crate) async fn seed(config: Config, scale: Option<u32>) -> Result<()> {
    let app = open(&config).await?;
    let credentials = match scale {
        None => domain::seed::demo(&app).await.map_err(plainly)?,
        Some(scale) => {
            let bar = ProgressBar::new(0);
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed_precise} (eta {eta})")?;
            bar.set_style(style);
            let progress = |done, total| {
                bar.set_length(total);
                bar.set_position(done);
            };
            let credentials = domain::seed::scale(&app, scale, &progress).await.map_err(plainly)?;
            bar.finish();
            credentials
        }
    };
    app.stop().await;
    println!("These accounts can sign in:");
    for credential in credentials {
        println!("  {:<12} {}", credential.username, credential.password);
    }
    Ok(())
}

//! `linnet user`.

use anyhow::Result;
use clap::Subcommand;
use domain::administration;

use super::{open, plainly};
use crate::config::Config;

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Make an account an administrator's.
    GrantAdmin {
        /// The account's username.
        name: String,
    },
    /// Make an administrator's account one like any other.
    RevokeAdmin {
        /// The account's username.
        name: String,
        /// Though nobody is left who may administer.
        #[arg(long)]
        even_the_last: bool,
    },
}

/// Does it, beside a server that runs or without one.
pub(crate) async fn act(config: Config, action: Action) -> Result<()> {
    let app = open(&config).await?;
    let said = match action {
        Action::GrantAdmin { name } => match administration::grant(&app, &name).await.map_err(plainly)? {
            true => format!("{name} is an administrator now."),
            false => format!("{name} was an administrator already."),
        },
        Action::RevokeAdmin { name, even_the_last } => {
            match administration::revoke(&app, &name, even_the_last).await.map_err(plainly)? {
                true => format!("{name} is no administrator any more."),
                false => format!("{name} was no administrator."),
            }
        }
    };
    println!("{said}");
    app.stop().await;
    Ok(())
}

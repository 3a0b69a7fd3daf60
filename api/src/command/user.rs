//! `linnet user`.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use domain::account::{self, Imported};
use domain::{App, administration};

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
    /// Take over the accounts of another system with their bcrypt hashes, all of them or none. Again does no harm.
    Import {
        /// A CSV file whose header has username, email, password_hash, and perhaps display_name, created_at, email_verified.
        file: PathBuf,
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
        Action::Import { file } => import(&app, &file).await?,
    };
    println!("{said}");
    app.stop().await;
    Ok(())
}

/// Makes the accounts of a file, and says what was wrong with each of its rows if anything was.
async fn import(app: &Arc<App>, path: &std::path::Path) -> Result<String> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("opening {name}"))?;
    let tell = |flaw: &account::Flaw| {
        let column = flaw.column.as_deref().map(|column| format!(" {column}:")).unwrap_or_default();
        eprintln!("{name}:{}:{column} {}", flaw.line, flaw.why);
    };
    match account::import(app, &file, tell).await.map_err(plainly)? {
        Imported::Done { added, present, costliest } => {
            let cost = costliest.map(|cost| {
                format!(
                    "\nTheir costliest hash is of cost {cost}: until it is replaced, by its owner's first sign-in, every attempt to sign \
                     in takes as long as that one, whoever's it is."
                )
            });
            Ok(format!("{added} accounts were imported, {present} were there already.{}", cost.unwrap_or_default()))
        }
        Imported::Flawed(count) => bail!("nothing was imported: {count} things are wrong in {name}"),
    }
}

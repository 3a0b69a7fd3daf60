//! `linnet migrate`, and the migration at the start.

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use domain::infra::db::{Db, Options};
use domain::infra::private;
use migration::{MigrationStatus, Migrator, MigratorTrait};

use super::plainly;
use super::seed::seed;
use crate::config::Config;

#[derive(Subcommand, Clone, Copy)]
pub(crate) enum Action {
    /// Make the database, if there is none. Nothing is in it yet.
    Create,
    /// Apply all pending migrations.
    Up,
    /// Take back the last migrations, with whatever is in what they made.
    #[command(visible_alias = "rollback")]
    Down {
        /// How many.
        #[arg(default_value_t = 1)]
        steps: u32,
        #[command(flatten)]
        confirmed: Confirmed,
    },
    /// Say which migrations are applied.
    Status,
    /// Drop everything and apply all migrations afresh.
    Fresh {
        #[command(flatten)]
        confirmed: Confirmed,
    },
    /// Make the database if there is none, drop everything, apply all migrations afresh, and fill it with the demo.
    Reset {
        #[command(flatten)]
        confirmed: Confirmed,
    },
}

/// Whoever loses something has said so.
#[derive(Args, Clone, Copy)]
pub(crate) struct Confirmed {
    /// Do it: what is in the database is lost.
    #[arg(long)]
    yes: bool,
}

impl Confirmed {
    fn require(self) -> Result<()> {
        if !self.yes {
            bail!("this loses what is in the database, for good: say --yes if it may");
        }
        Ok(())
    }
}

/// Does what is asked.
pub(crate) async fn migrate(config: Config, action: Action) -> Result<()> {
    private::directory(&config.data_dir).with_context(|| format!("making {}", config.data_dir.display()))?;
    match action {
        Action::Down { confirmed, .. } | Action::Fresh { confirmed } | Action::Reset { confirmed } => {
            confirmed.require()?;
        }
        Action::Create | Action::Up | Action::Status => {}
    }
    match action {
        Action::Create => return create(&config).await,
        Action::Reset { .. } => create(&config).await?,
        _ => {}
    }
    change(&config, action).await?;
    if let Action::Reset { .. } = action {
        seed(config, None).await?;
    }
    Ok(())
}

async fn create(config: &Config) -> Result<()> {
    match Db::create(&config.database()).await.map_err(plainly).context("making the database")? {
        true => println!("The database is made."),
        false => println!("The database is there."),
    }
    Ok(())
}

/// Migrates under a lock, so that two processes may do it at once, and tells what is applied then.
async fn change(config: &Config, action: Action) -> Result<()> {
    let db = open_alone(config).await?;
    let _lock = db.lock_schema().await.map_err(plainly)?;
    let connection = db.writer();
    match action {
        Action::Up => Migrator::up(&connection, None).await.context("applying migrations")?,
        Action::Down { steps, .. } => {
            Migrator::down(&connection, Some(steps)).await.context("taking migrations back")?;
        }
        Action::Fresh { .. } | Action::Reset { .. } => {
            Migrator::fresh(&connection).await.context("starting afresh")?;
        }
        Action::Create | Action::Status => {}
    }
    for (name, applied) in status(&db).await? {
        println!("{} {name}", if applied { "applied" } else { "pending" });
    }
    Ok(())
}

/// Applies what is pending, or refuses to start over it.
pub(super) async fn at_start(config: &Config) -> Result<()> {
    if config.migrate_at_start {
        return up(config).await;
    }
    let db = open_alone(config).await.context("opening the database")?;
    let _lock = db.lock_schema().await.map_err(plainly)?;
    let pending = status(&db).await?.into_iter().filter(|(_, applied)| !applied).count();
    if pending > 0 {
        bail!("{pending} migrations are pending and migrate_at_start is off: run `linnet migrate up`");
    }
    Ok(())
}

/// Applies what is pending, whatever is set for the start of a server.
pub(super) async fn up(config: &Config) -> Result<()> {
    let db = open_alone(config).await.context("opening the database")?;
    let _lock = db.lock_schema().await.map_err(plainly)?;
    Migrator::up(&db.writer(), None).await.context("applying migrations")
}

/// A pool of one connection: the lock, and what is done under it, belong to that one.
async fn open_alone(config: &Config) -> Result<Db> {
    Db::connect(&Options { max_connections: 1, ..config.database() }).await.map_err(plainly)
}

/// The migrations that this binary knows, and whether each is applied.
pub(super) async fn status(db: &Db) -> Result<Vec<(String, bool)>> {
    let migrations =
        Migrator::get_migration_with_status(&db.writer()).await.context("reading which migrations are applied")?;
    let states = migrations.iter().map(|migration| (migration.name().to_owned(), migration.status()));
    Ok(states.map(|(name, status)| (name, status == MigrationStatus::Applied)).collect())
}

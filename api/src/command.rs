//! What each command of the command line does. They print; nothing else does.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "commands speak to whoever typed them")]

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use domain::app::Settings;
use domain::infra::bus::Bus;
use domain::infra::db::Db;
use domain::infra::private;
use domain::{App, account, thread};
use migration::{Migrator, MigratorTrait};

use crate::config::Config;
use crate::telemetry;

pub(crate) mod archive;
pub(crate) mod backup;
pub(crate) mod doctor;
pub(crate) mod maintain;
pub(crate) mod migrate;
pub(crate) mod schema;
pub(crate) mod seed;
pub(crate) mod serve;
mod signals;
pub(crate) mod user;
pub(crate) mod worker;

/// Reads the settings, starts logging and runs a command.
pub(crate) fn run<F: Future<Output = Result<()>>>(command: impl FnOnce(Config) -> F) -> Result<()> {
    let config = Config::load()?;
    telemetry::start(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(command(config))
}

/// Prints what went wrong, as a person would say it.
pub(crate) fn exit_code(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("linnet: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The names of the migrations that this binary knows, oldest first.
fn known_migrations() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// Opens the database, migrated as the settings say, and wires the application.
async fn open(config: &Config) -> Result<Arc<App>> {
    open_as(config, config.settings()).await
}

/// As [`open`], with settings that are not all the configuration's.
async fn open_as(config: &Config, settings: Settings) -> Result<Arc<App>> {
    private::directory(&config.data_dir).with_context(|| format!("making {}", config.data_dir.display()))?;
    migrate::at_start(config).await?;
    let db = Db::connect(&config.database()).await.map_err(plainly).context("opening the database")?;
    for problem in db.durability_problems().await.map_err(plainly)? {
        tracing::error!("{problem}");
    }
    let bus = match config.nats()? {
        None => Bus::local(),
        Some(options) => Bus::nats(options),
    };
    let app = App::new(settings, db, bus, config.mailer()?).await.map_err(plainly)?;
    thread::open_lobby(&app).await.map_err(plainly).context("opening the lobby")?;
    open_assistant(&app, false).await?;
    Ok(app)
}

/// Makes the assistant's account, or calls it what the settings call it: that is for those who go on with these settings.
async fn open_assistant(app: &Arc<App>, renames: bool) -> Result<()> {
    let opened = account::open_assistant(app, renames).await.map_err(plainly);
    opened.context("making the assistant's account: see `assistant_username`")
}

/// The chain of a domain error for whoever runs the server; clients never see it.
fn plainly(error: domain::Error) -> anyhow::Error {
    match error {
        domain::Error::Internal(source) | domain::Error::Unavailable { source, .. } => anyhow::anyhow!(source),
        other => anyhow::anyhow!(other),
    }
}

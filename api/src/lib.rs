//! The edge: GraphQL over HTTP, WebSocket and SSE, and the command line. The binary is this with an allocator; the benches beside it
//! measure parts of it.

mod command;
mod config;
mod graphql;
mod http;
pub mod measured;
mod open;
mod telemetry;

use clap::{Parser, Subcommand};

/// A self-hosted messaging backend that frontends talk to in GraphQL.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (the default).
    Serve,
    /// Do jobs, and serve nobody: beside servers that do none, or not enough.
    Worker {
        /// How many of a queue at once; without it as many as `job_workers` says, or 4 if it says none.
        #[arg(long)]
        jobs: Option<std::num::NonZeroUsize>,
    },
    /// Change the database's schema, or tell how it stands.
    #[command(subcommand)]
    Migrate(command::migrate::Action),
    /// Do what no client may do to accounts.
    #[command(subcommand)]
    User(command::user::Action),
    /// Print the GraphQL schema.
    Schema,
    /// Fill the database with a demo, or with a lot.
    Seed {
        /// Instead of the demo: this many thousand users, with 500 threads and 200,000 messages for each thousand.
        #[arg(long)]
        scale: Option<u32>,
    },
    /// Check the configuration and the database, and say what to do.
    Doctor,
    /// Give back space and bring the planner's statistics up to date, while the server runs.
    Maintain {
        /// Write a file of SQLite anew as a whole, while the server is stopped.
        #[arg(long)]
        full: bool,
    },
    /// Move messages of threads that nobody has touched for long to the archive, while the server runs.
    Archive {
        /// Instead of what the settings say: threads in which nothing was said for so many days.
        #[arg(long)]
        days: Option<u16>,
    },
    /// Write all of the database into one file, while the server runs.
    Backup(command::backup::Place),
    /// Put a backup in the place of what is in the database, while the server is stopped.
    Restore(command::backup::Place),
}

/// Does what the command line says.
pub fn run() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => command::run(command::serve::serve),
        Command::Worker { jobs } => command::run(move |config| command::worker::work(config, jobs)),
        Command::Migrate(action) => command::run(|config| command::migrate::migrate(config, action)),
        Command::User(action) => command::run(|config| command::user::act(config, action)),
        Command::Schema => command::schema::print(),
        Command::Seed { scale } => command::run(move |config| command::seed::seed(config, scale)),
        Command::Doctor => command::run(command::doctor::examine),
        Command::Maintain { full } => command::run(move |config| command::maintain::maintain(config, full)),
        Command::Archive { days } => command::run(move |config| command::archive::archive(config, days)),
        Command::Backup(place) => command::run(|config| command::backup::take(config, place)),
        Command::Restore(place) => command::run(|config| command::backup::restore(config, place)),
    };
    command::exit_code(outcome)
}

//! `linnet serve`.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

use super::signals::Signals;
use super::{open, open_assistant};
use crate::config::Config;
use crate::http::{self, End};
use crate::telemetry;

/// Serves until it is told to stop: then sockets are closed, requests in flight finish, and what was accepted is written.
pub(crate) async fn serve(config: Config) -> Result<()> {
    let recorder = telemetry::count(&config)?;
    let app = open(&config).await?;
    open_assistant(&app, true).await?;
    app.start();
    let listener = TcpListener::bind(config.listen).await.with_context(|| format!("listening on {}", config.listen))?;
    let address = listener.local_addr()?;
    greet(&config, address);
    let end = End::default();
    tokio::spawn(end_on_signal(end.clone(), config.drain()));
    http::serve(app.clone(), &config, recorder, listener, end).await?;
    app.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Tells whoever started it where it is, and what to try.
fn greet(config: &Config, address: std::net::SocketAddr) {
    tracing::info!(%address, database = config.database_url().split(':').next().unwrap_or_default(), "listening");
    println!("Linnet is listening on http://{address}");
    if !std::io::stdout().is_terminal() {
        return;
    }
    println!();
    println!("  GraphiQL   http://{address}/          explore, sign up, send, subscribe");
    println!("  GraphQL    http://{address}/graphql   HTTP and WebSocket (graphql-transport-ws)");
    println!();
    println!("  The tabs of GraphiQL sign you up and send a first message.");
    println!("  `linnet seed` fills an empty database with a demo to look at.");
}

/// The first signal announces the end and then begins it; a second one ends at once.
async fn end_on_signal(end: End, drain: Duration) {
    let Some(mut signals) = Signals::listen() else { return };
    signals.next().await;
    tracing::info!("stopping");
    end.announced.cancel();
    let begin = async {
        tokio::time::sleep(drain).await;
        end.begun.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = begin => {}
        () = signals.next() => {}
    }
    std::process::exit(1);
}

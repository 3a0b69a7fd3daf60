//! Log lines, for people or for machines, and what is counted for Prometheus. Never content, variables or tokens.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};
use crate::http::Audience;

/// Starts logging to standard error, as configured.
pub(crate) fn start(config: &Config) -> Result<()> {
    // The client of NATS tells of every attempt to connect; `bus::nats` tells of each trouble once. The WebSocket library tells,
    // at its finest, what frames say, which is no business of the log. Whoever names them in `log` hears them all the same.
    let filter = EnvFilter::try_new(format!("async_nats=off,tungstenite=info,{}", config.log));
    let filter = filter.context("`log` is not a valid filter")?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // Nobody may read them any more: that is no reason to fail over telling so.
        .log_internal_errors(false);
    match config.log_format {
        LogFormat::Pretty => subscriber.init(),
        LogFormat::Json => subscriber.json().init(),
    }
    Ok(())
}

/// Upper bounds of the buckets of a time, in seconds: from what an index look-up takes to what a client gives up at.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper bounds of the buckets of a number of things.
const COUNTS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Starts counting, unless nobody may see it.
pub(crate) fn count(config: &Config) -> Result<Option<PrometheusHandle>> {
    if config.metrics == Audience::Off {
        return Ok(None);
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &COUNTS)?
        .install_recorder()
        .context("starting to count")?;
    describe();
    Ok(Some(recorder))
}

fn describe() {
    describe_counter!("linnet_operations_total", "Operations that ran, by name, kind and outcome");
    describe_counter!("linnet_refusals_total", "Requests of which nothing was executed, by reason");
    describe_counter!("linnet_closes_total", "Sockets that ended, by close code");
    describe_counter!(
        "linnet_jobs_total",
        "Jobs that came to an end, or to the end of an attempt, by kind and outcome"
    );
    describe_counter!("linnet_cache_total", "Looks at the cache, by where it was found");
    describe_counter!(
        "linnet_assistant_answers_total",
        "Answers of the assistant, and what became of others, by outcome"
    );
    describe_gauge!("linnet_connections", "Connections that are open");
    describe_gauge!("linnet_sockets", "WebSockets that are open");
    describe_gauge!("linnet_event_streams", "Streams of server-sent events that are open");
    describe_gauge!("linnet_streams", "Subscriptions that are open");
    describe_gauge!("linnet_queue_bytes", Unit::Bytes, "Bytes that wait to be written to clients");
    describe_gauge!("linnet_database_connections_in_use", "Connections to the database that are in use");
    describe_gauge!("linnet_database_waiting", "Statements that wait for a connection to the database");
    describe_histogram!("linnet_operation_seconds", Unit::Seconds, "How long queries and mutations took");
    describe_histogram!("linnet_commit_seconds", Unit::Seconds, "From a change being asked for to its commit");
    describe_histogram!("linnet_delivery_seconds", Unit::Seconds, "From an event to its hand-over to a live stream");
    describe_histogram!(
        "linnet_assistant_first_token_seconds",
        Unit::Seconds,
        "From asking the model to the beginning of its answer"
    );
    describe_histogram!("linnet_assistant_answer_seconds", Unit::Seconds, "From beginning to answer to the answer");
    describe_histogram!("linnet_batch_size", "Changes that were committed together");
}

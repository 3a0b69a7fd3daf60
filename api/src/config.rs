//! Settings: the commented defaults that are compiled in, a file over them, the environment over that.
//!
//! `linnet.default.toml` is the one list of settings, with the type of each; an unknown one anywhere is an error.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::app::Settings;
use domain::archive;
use domain::infra::bus::nats;
use domain::infra::db;
use domain::infra::mail;
use domain::limit::Rates;
use ipnet::IpNet;
use serde::Deserialize;
use toml::{Table, Value};

use crate::graphql::DocumentLimits;
use crate::http::{Audience, Deadlines, Limits};

mod assistant;
mod overlay;
mod upload;
mod wallet;

use overlay::{overlay_environment, overlay_file};

const DEFAULTS: &str = include_str!("../../linnet.default.toml");

/// What an operator may set; `linnet.default.toml` says what each is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: std::net::SocketAddr,
    pub(crate) data_dir: PathBuf,
    database_url: String,
    nats_url: String,
    nats_subject: String,
    smtp_url: String,
    mail_from: String,
    public_url: String,
    pub(crate) allowed_origins: Vec<String>,
    trusted_proxies: Vec<String>,
    pub(crate) metrics: Audience,
    max_connections: usize,
    address_connections: usize,
    account_sockets: usize,
    body_bytes: usize,
    body_seconds: u64,
    head_seconds: u64,
    idle_seconds: u64,
    request_seconds: u64,
    answer_bytes: usize,
    pub(crate) answers_bytes: usize,
    pub(crate) bodies_bytes: usize,
    drain_seconds: u64,
    write_seconds: u64,
    socket_init_seconds: u64,
    socket_operations: usize,
    socket_message_bytes: usize,
    socket_messages_per_second: u32,
    document_bytes: usize,
    document_tokens: usize,
    document_depth: usize,
    document_selections: usize,
    document_aliases: usize,
    document_operations: usize,
    document_root_fields: usize,
    document_directives: usize,
    field_directives: usize,
    document_cost: u64,
    document_values: u64,
    document_cache_bytes: u64,
    persisted_bytes: u64,
    pub(crate) recall_bytes: u64,
    introspection: Switch,
    graphiql: Switch,
    rate_limits: Switch,
    credentials_per_minute: NonZeroU32,
    mails_per_hour: NonZeroU32,
    exports_per_hour: NonZeroU32,
    uploads_per_hour: NonZeroU32,
    reads_per_minute: NonZeroU32,
    writes_per_minute: NonZeroU32,
    signals_per_minute: NonZeroU32,
    pub(crate) migrate_at_start: bool,
    database_max_connections: u32,
    database_acquire_timeout_ms: u64,
    database_idle_timeout_seconds: u64,
    access_token_minutes: u64,
    session_days: u64,
    revocation_look_ms: u64,
    account_devices: u32,
    account_api_keys: u32,
    job_workers: usize,
    job_look_ms: u64,
    failed_job_days: u64,
    wallet_domain: String,
    wallet_uri: String,
    wallet_chains: Vec<i32>,
    wallet_accounts: Switch,
    assistant_endpoint: String,
    assistant_key: String,
    assistant_model: String,
    assistant_username: String,
    assistant_prompt: String,
    assistant_context_messages: u32,
    assistant_context_characters: usize,
    assistant_answers_per_hour: u32,
    assistant_attempts: i32,
    assistant_stall_seconds: u64,
    assistant_answer_seconds: u64,
    assistant_cache_days: u64,
    assistant_input_price: u32,
    assistant_output_price: u32,
    message_length: usize,
    message_attachments: usize,
    metadata_bytes: usize,
    group_members: usize,
    receipts_members: i32,
    lobby: Switch,
    uploads_url: String,
    uploads_s3_endpoint: String,
    uploads_s3_region: String,
    uploads_s3_key_id: String,
    uploads_s3_secret: String,
    uploads_key: String,
    upload_bytes: i32,
    upload_seconds: u64,
    upload_pixels: u64,
    account_uploads: u32,
    account_upload_bytes: i64,
    archive_untouched_days: u64,
    archive_archived_days: u64,
    log_retention_days: u64,
    hub_look_ms: u64,
    inbox_look_seconds: u64,
    heartbeat_seconds: u64,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
}

/// Something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Switch {
    On,
    Off,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Pretty,
    Json,
}

impl Config {
    /// Reads the settings of this process.
    pub(crate) fn load() -> Result<Self> {
        let mut table: Table = DEFAULTS.parse().context("the built-in defaults")?;
        overlay_file(&mut table)?;
        overlay_environment(&mut table, std::env::vars())?;
        Self::of(table)
    }

    /// The built-in settings.
    pub(crate) fn built_in() -> Result<Self> {
        Self::of(DEFAULTS.parse().context("the built-in defaults")?)
    }

    fn of(table: Table) -> Result<Self> {
        check_numbers(&table)?;
        let config: Self = Value::Table(table).try_into().context("the settings")?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        self.proxies()?;
        self.mailer()?;
        let is_page = ["https://", "http://"].iter().any(|scheme| self.public_url.starts_with(scheme));
        if !is_page && !self.public_url.is_empty() {
            bail!("`public_url` must begin with https:// or http://");
        }
        self.wallets()?;
        self.assistant()?;
        self.check_uploads()?;
        match (db::Engine::of(&self.database_url()), self.nats()?) {
            (None, _) => bail!("`database_url` must begin with sqlite: or postgres:"),
            (Some(db::Engine::Sqlite), Some(_)) => {
                bail!("`nats_url` is set, but a file of SQLite has one node: use PostgreSQL, or leave it empty")
            }
            _ => Ok(()),
        }
    }

    /// Where the database is.
    pub(crate) fn database_url(&self) -> String {
        if !self.database_url.is_empty() {
            return self.database_url.clone();
        }
        format!("sqlite://{}?mode=rwc", self.data_dir.join("linnet.db").display())
    }

    /// How to reach the database.
    pub(crate) fn database(&self) -> db::Options {
        db::Options {
            url: self.database_url(),
            max_connections: self.database_max_connections,
            acquire_timeout: Duration::from_millis(self.database_acquire_timeout_ms),
            idle_timeout: Duration::from_secs(self.database_idle_timeout_seconds),
        }
    }

    /// How to reach NATS, if there is one.
    pub(crate) fn nats(&self) -> Result<Option<nats::Options>> {
        if self.nats_url.is_empty() {
            return Ok(None);
        }
        let options = nats::Options::new(&self.nats_url, &self.nats_subject);
        options.map(Some).map_err(anyhow::Error::msg).context("`nats_url` and `nats_subject`")
    }

    /// How mails are to leave.
    pub(crate) fn mail(&self) -> mail::Options {
        mail::Options {
            smtp_url: (!self.smtp_url.is_empty()).then(|| self.smtp_url.clone()),
            from: self.mail_from.clone(),
            directory: self.data_dir.join("mail"),
        }
    }

    /// What sends them.
    pub(crate) fn mailer(&self) -> Result<mail::Mailer> {
        mail::Mailer::new(&self.mail()).map_err(anyhow::Error::msg).context("`smtp_url` and `mail_from`")
    }

    /// Whose word on whom they were asked by counts.
    pub(crate) fn proxies(&self) -> Result<Vec<IpNet>> {
        let read = |text: &String| {
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.with_context(|| format!("`trusted_proxies`: `{text}` is neither an address nor a network"))
        };
        self.trusted_proxies.iter().map(read).collect()
    }

    /// For how long the end is announced before it begins.
    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// What a document may be.
    pub(crate) fn document_limits(&self) -> DocumentLimits {
        DocumentLimits {
            bytes: self.document_bytes,
            tokens: self.document_tokens,
            depth: self.document_depth,
            selections: self.document_selections,
            aliases: self.document_aliases,
            operations: self.document_operations,
            root_fields: self.document_root_fields,
            directives: self.document_directives,
            field_directives: self.field_directives,
            cost: self.document_cost,
            values: self.document_values,
            cache: self.document_cache_bytes,
            persisted: self.persisted_bytes,
            introspection: self.introspection == Switch::On,
        }
    }

    /// What one client may take of the server.
    pub(crate) fn edge_limits(&self) -> Limits {
        let seconds = Duration::from_secs;
        Limits {
            connections: self.max_connections,
            address_connections: self.address_connections,
            account_sockets: self.account_sockets,
            body: self.body_bytes,
            body_time: seconds(self.body_seconds),
            upload_time: seconds(self.upload_seconds),
            request: seconds(self.request_seconds),
            answer: self.answer_bytes,
            deadlines: Deadlines {
                head: seconds(self.head_seconds),
                write: seconds(self.write_seconds),
                idle: seconds(self.idle_seconds),
            },
            socket_init: seconds(self.socket_init_seconds),
            socket_operations: self.socket_operations,
            socket_message: self.socket_message_bytes,
            socket_messages_per_second: self.socket_messages_per_second,
            metrics: self.metrics,
            graphiql: self.graphiql == Switch::On,
        }
    }

    /// What the domain is to know.
    pub(crate) fn settings(&self) -> Settings {
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        let rates = Rates {
            credentials: self.credentials_per_minute,
            reads: self.reads_per_minute,
            writes: self.writes_per_minute,
            signals: self.signals_per_minute,
            mails: self.mails_per_hour,
            exports: self.exports_per_hour,
            uploads: self.uploads_per_hour,
        };
        Settings {
            message_length: self.message_length,
            message_attachments: self.message_attachments,
            metadata_bytes: self.metadata_bytes,
            group_members: self.group_members,
            receipts_members: self.receipts_members,
            rates: (self.rate_limits == Switch::On).then_some(rates),
            access_lifetime: Duration::from_secs(self.access_token_minutes * 60),
            session_lifetime: days(self.session_days),
            public_url: (!self.public_url.is_empty()).then(|| self.public_url.trim_end_matches('/').to_owned()),
            hub_look: Duration::from_millis(self.hub_look_ms),
            inbox_look: Duration::from_secs(self.inbox_look_seconds),
            heartbeat: Duration::from_secs(self.heartbeat_seconds),
            revocation_look: Duration::from_millis(self.revocation_look_ms),
            log_retention: (self.log_retention_days > 0).then(|| days(self.log_retention_days)),
            account_devices: self.account_devices.into(),
            account_api_keys: self.account_api_keys.into(),
            job_workers: self.job_workers,
            job_look: Duration::from_millis(self.job_look_ms),
            failed_job_retention: (self.failed_job_days > 0).then(|| days(self.failed_job_days)),
            archive: archive::Rule {
                untouched: (self.archive_untouched_days > 0).then(|| days(self.archive_untouched_days)),
                archived: (self.archive_archived_days > 0).then(|| days(self.archive_archived_days)),
            },
            lobby: self.lobby == Switch::On,
            uploads: self.uploads(),
            // Both were checked when they were read.
            wallets: self.wallets().unwrap_or_default(),
            assistant: self.assistant().unwrap_or_default(),
        }
    }
}

/// Settings that may be 0, which their comments explain.
const MAY_BE_ZERO: &[&str] = &[
    "log_retention_days",
    "failed_job_days",
    "archive_untouched_days",
    "archive_archived_days",
    "drain_seconds",
    "job_workers",
    "assistant_cache_days",
    "assistant_input_price",
    "assistant_output_price",
];

/// Numbers are greater than 0 and no time is longer than ten years, so that none of them overflows when it is reckoned with.
fn check_numbers(table: &Table) -> Result<()> {
    for (name, value) in table {
        let Value::Integer(number) = value else { continue };
        let least = i64::from(!MAY_BE_ZERO.contains(&name.as_str()));
        let most = match name.rsplit('_').next() {
            Some("ms") => 86_400_000,
            Some("seconds") => 315_360_000,
            Some("minutes") => 5_256_000,
            Some("days") => 3_650,
            _ => i64::from(i32::MAX),
        };
        if !(least..=most).contains(number) {
            bail!("`{name}` must be from {least} to {most}, and is {number}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

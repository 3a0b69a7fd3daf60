//! Settings: the commented defaults that are compiled in, a file over them, the environment over that.
//!
//! `linnet.default.toml` is the one list of settings, with the type of each; an unknown one anywhere is an error.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::app::Settings;
use domain::infra::db;
use serde::Deserialize;
use toml::{Table, Value};

const DEFAULTS: &str = include_str!("../../linnet.default.toml");
/// Variables of ours that are no settings.
const OTHER_VARIABLES: &[&str] = &["LINNET_CONFIG", "LINNET_SKIP_GRAPHIQL", "LINNET_BIN"];

/// What an operator may set; `linnet.default.toml` says what each is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: std::net::SocketAddr,
    pub(crate) data_dir: PathBuf,
    database_url: String,
    nats_url: String,
    pub(crate) allowed_origins: Vec<String>,
    rate_limits: Switch,
    pub(crate) migrate_at_start: bool,
    database_max_connections: u32,
    database_acquire_timeout_ms: u64,
    database_idle_timeout_seconds: u64,
    access_token_minutes: u64,
    session_days: u64,
    revocation_look_ms: u64,
    message_length: usize,
    message_attachments: usize,
    metadata_bytes: usize,
    group_members: usize,
    receipts_members: i32,
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
        let config: Self = Value::Table(table).try_into().context("the settings")?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        let positive = [
            ("database_max_connections", u64::from(self.database_max_connections)),
            ("database_acquire_timeout_ms", self.database_acquire_timeout_ms),
            ("access_token_minutes", self.access_token_minutes),
            ("session_days", self.session_days),
            ("revocation_look_ms", self.revocation_look_ms),
            ("message_length", self.message_length as u64),
            ("hub_look_ms", self.hub_look_ms),
            ("inbox_look_seconds", self.inbox_look_seconds),
            ("heartbeat_seconds", self.heartbeat_seconds),
        ];
        for (name, value) in positive {
            if value == 0 {
                bail!("`{name}` must be greater than 0");
            }
        }
        if !self.nats_url.is_empty() {
            bail!("`nats_url` is set, but this version runs on one node: leave it empty");
        }
        if db::Engine::of(&self.database_url()).is_none() {
            bail!("`database_url` must begin with sqlite: or postgres:");
        }
        Ok(())
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

    /// What the domain is to know.
    pub(crate) fn settings(&self) -> Settings {
        let days = |days: u64| Duration::from_secs(days * 24 * 3600);
        Settings {
            message_length: self.message_length,
            message_attachments: self.message_attachments,
            metadata_bytes: self.metadata_bytes,
            group_members: self.group_members,
            receipts_members: self.receipts_members,
            rate_limits: self.rate_limits == Switch::On,
            access_lifetime: Duration::from_secs(self.access_token_minutes * 60),
            session_lifetime: days(self.session_days),
            hub_look: Duration::from_millis(self.hub_look_ms),
            inbox_look: Duration::from_secs(self.inbox_look_seconds),
            heartbeat: Duration::from_secs(self.heartbeat_seconds),
            revocation_look: Duration::from_millis(self.revocation_look_ms),
            log_retention: (self.log_retention_days > 0).then(|| days(self.log_retention_days)),
        }
    }
}

/// Lays the operator's file over the defaults: the one that LINNET_CONFIG names, else `linnet.toml` if it is there.
fn overlay_file(table: &mut Table) -> Result<()> {
    let named = std::env::var_os("LINNET_CONFIG").map(PathBuf::from);
    let path = named.clone().unwrap_or_else(|| PathBuf::from("linnet.toml"));
    if named.is_none() && !path.exists() {
        return Ok(());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let file: Table = text.parse().with_context(|| format!("reading {}", path.display()))?;
    for (name, value) in file {
        if !table.contains_key(&name) {
            bail!("{}: there is no setting `{name}`", path.display());
        }
        table.insert(name, value);
    }
    Ok(())
}

/// Lays LINNET_… variables over the rest, each read as the type that its default has.
fn overlay_environment(table: &mut Table, variables: impl Iterator<Item = (String, String)>) -> Result<()> {
    for (variable, text) in variables {
        let Some(name) = variable.strip_prefix("LINNET_").map(str::to_lowercase) else { continue };
        if OTHER_VARIABLES.contains(&variable.as_str()) || name.starts_with("test_") {
            continue;
        }
        let Some(current) = table.get(&name) else { bail!("{variable}: there is no setting `{name}`") };
        let value = match current {
            Value::Integer(_) => text.parse().map(Value::Integer).ok(),
            Value::Boolean(_) => text.parse().map(Value::Boolean).ok(),
            Value::Array(_) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
            }
            _ => Some(Value::String(text.clone())),
        };
        table.insert(name, value.with_context(|| format!("{variable}: `{text}` is not of the right type"))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config> {
        let mut table: Table = DEFAULTS.parse()?;
        overlay_environment(&mut table, variables.iter().map(|(name, value)| ((*name).into(), (*value).into())))?;
        let config: Config = Value::Table(table).try_into()?;
        config.check().map(|()| config)
    }

    #[test]
    fn the_environment_wins_and_unknown_settings_are_errors() {
        let config = with(&[("LINNET_LISTEN", "0.0.0.0:1"), ("LINNET_RATE_LIMITS", "off"), ("HOME", "/")]);
        let config = config.expect("valid settings");
        assert_eq!((config.listen.port(), config.rate_limits), (1, Switch::Off));
        assert!(with(&[("LINNET_LISTEM", "0.0.0.0:1")]).is_err());
        assert!(with(&[("LINNET_HUB_LOOK_MS", "soon")]).is_err());
        assert!(with(&[("LINNET_HUB_LOOK_MS", "0")]).is_err());
        assert!(with(&[("LINNET_DATABASE_URL", "mysql://x")]).is_err());
    }
}

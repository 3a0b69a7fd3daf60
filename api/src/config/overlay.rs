//! What is laid over the defaults: a file of the operator's, and the environment over that.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

/// Variables of ours that are no settings.
const OTHER_VARIABLES: &[&str] = &["LINNET_CONFIG", "LINNET_SKIP_GRAPHIQL", "LINNET_BIN"];

/// Lays the operator's file over the defaults: the one that LINNET_CONFIG names, else `linnet.toml` if it is there.
pub(super) fn overlay_file(table: &mut Table) -> Result<()> {
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
pub(super) fn overlay_environment(table: &mut Table, variables: impl Iterator<Item = (String, String)>) -> Result<()> {
    for (variable, text) in variables {
        let Some(name) = variable.strip_prefix("LINNET_").map(str::to_lowercase) else { continue };
        if OTHER_VARIABLES.contains(&variable.as_str()) || name.starts_with("test_") {
            continue;
        }
        let Some(current) = table.get(&name) else { bail!("{variable}: there is no setting `{name}`") };
        let value = match current {
            Value::Integer(_) => text.parse().map(Value::Integer).ok(),
            Value::Boolean(_) => text.parse().map(Value::Boolean).ok(),
            Value::Array(defaults) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                let numbers = matches!(defaults.first(), Some(Value::Integer(_)));
                let item = |item: &str| match numbers {
                    true => item.parse().map(Value::Integer).ok(),
                    false => Some(Value::String(item.to_owned())),
                };
                items.map(item).collect::<Option<_>>().map(Value::Array)
            }
            _ => Some(Value::String(text.clone())),
        };
        table.insert(name, value.with_context(|| format!("{variable}: `{text}` is not of the right type"))?);
    }
    Ok(())
}

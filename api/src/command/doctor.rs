//! `linnet doctor`.
use crate::config::Config;
pub(crate) async fn examine(_config: Config) -> anyhow::Result<()> { Ok(()) }

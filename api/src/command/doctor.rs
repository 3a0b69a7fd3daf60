//! `linnet doctor`.

use anyhow::{Result, bail};
use domain::doctor::Level;

use crate::config::Config;

/// Checks the configuration, the database, NATS, the mail server and where files are kept, and says what to do.
pub(crate) async fn examine(config: Config) -> Result<()> {
    println!("ok       configuration: it reads well; listening on {}", config.listen);
    let mut findings = domain::doctor::examine(&config.database(), &super::known_migrations()).await;
    if let Some(nats) = config.nats()? {
        findings.push(domain::doctor::examine_nats(&nats).await);
    }
    findings.push(domain::doctor::examine_storage(&config.storage()).await);
    findings.extend(domain::doctor::examine_smtp(&config.mail()).await);
    let mut problems = 0;
    for finding in findings {
        let word = match finding.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Problem => "PROBLEM",
        };
        problems += usize::from(finding.level == Level::Problem);
        println!("{word:<8} {}: {}", finding.subject, finding.says);
        if let Some(advice) = finding.advice {
            println!("         → {advice}");
        }
    }
    if problems > 0 {
        bail!("{problems} problem(s) found");
    }
    Ok(())
}

//! What of the settings is about wallets.

use anyhow::{Result, bail};
use domain::wallet;

use super::{Config, Switch};

impl Config {
    /// The site that wallets sign in to, if they do.
    pub(super) fn wallets(&self) -> Result<Option<wallet::Site>> {
        if self.wallet_domain.is_empty() {
            return Ok(None);
        }
        let domain = self.wallet_domain.clone();
        let letter = |letter: char| letter.is_ascii_alphanumeric() || "-._:[]".contains(letter);
        if !domain.chars().all(letter) {
            bail!("`wallet_domain` must be a host, with its port if it is not the usual one: chat.example.org");
        }
        let uri = if self.wallet_uri.is_empty() { format!("https://{domain}") } else { self.wallet_uri.clone() };
        let rest = ["https://", "http://"].iter().find_map(|scheme| uri.strip_prefix(scheme));
        if !rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|letter| letter.is_ascii_graphic())) {
            bail!("`wallet_uri` must be an http or https address");
        }
        let chains = self.wallet_chains.clone();
        if chains.is_empty() || chains.iter().any(|chain| *chain < 1) {
            bail!("`wallet_chains` must name chains by their numbers, such as [1]");
        }
        Ok(Some(wallet::Site { domain, uri, chains, accounts: self.wallet_accounts == Switch::On }))
    }
}

//! Accounts of people who come with a wallet: with neither an email address nor a password.

use std::sync::Arc;

use entity::user::UserKind;

use super::{Draft, check_display_name, check_username, insert, new_user};
use crate::access::Viewer;
use crate::app::App;
use crate::audit::{Action, Entry};
use crate::error::{Code, Error, Refusal, Result};
use crate::referral;
use crate::session::{Client, Issued};
use crate::text::Checks;
use crate::wallet::{self, Signed};

/// What it takes to sign up with a wallet, beside the wallet.
pub struct WalletSignUp {
    /// As for other accounts; one is made if none is given, and not of the address, which is nobody else's business.
    pub username: Option<String>,
    /// The username, if none is given.
    pub display_name: Option<String>,
    /// Whose invitation it is.
    pub referral_code: Option<String>,
}

/// Makes an account that a wallet speaks for, and signs it in, if the operator allows it.
pub async fn create_with_wallet(
    app: &Arc<App>,
    client: &Client,
    viewer: &Viewer,
    signed: &Signed,
    sign_up: WalletSignUp,
) -> Result<Issued> {
    if app.settings.wallets.as_ref().is_some_and(|site| !site.accounts) {
        let message = "This server makes no accounts for wallets: see `wallet_accounts`.".into();
        return Err(Error::Refused(vec![Refusal { code: Code::Forbidden, path: Vec::new(), message }]));
    }
    let mut checks = Checks::default();
    if let Some(username) = &sign_up.username {
        check_username(&mut checks, username);
    }
    check_display_name(&mut checks, sign_up.display_name.as_deref());
    checks.done()?;
    let referral = sign_up.referral_code.as_deref().map(|code| referral::Given::new(code, viewer)).transpose()?;
    let proof = wallet::prove(app, client, None, signed).await?;
    let username = sign_up.username.unwrap_or_else(|| format!("user-{}", app.clock.code(10)));
    let user = new_user(app, &username, None, None, UserKind::Human);
    let connected = Entry::new(app, Action::WalletConnect, user.id, client);
    let wallet = Some((app.clock.id(), proof, connected));
    insert(app, client, Draft { display_name: sign_up.display_name, referral, wallet, ..Draft::of(user) }).await
}

//! Challenges: what a wallet is asked to sign, and the proof that it has.
//!
//! A message is kept as it was given, and is good for one use within five minutes by the database's clock, since it may be
//! given by one node and come back to another. What comes back is compared byte by byte with what was given; only then is
//! the signature looked at. A message says what it is for to whoever signs it, to sign in or to connect the wallet to one
//! account, and is good for nothing else: nobody connects a wallet by a message with which its owner meant to sign in.

use std::sync::Arc;
use std::time::Duration;

use chrono::SubsecRound;
use entity::id::UserId;
use entity::user::UserKind;
use entity::{Timestamp, wallet, wallet_challenge, wallet_nonce};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};

use super::Site;
use super::address::Address;
use super::message::{self, Message};
use super::signature::Signature;
use crate::access::Viewer;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::db;
use crate::session::Client;

/// How long there is to sign.
const LIFETIME: Duration = Duration::from_secs(5 * 60);
/// What to sign.
pub struct Challenge {
    /// The text for `personal_sign`.
    pub message: String,
    /// What makes it good for one use.
    pub nonce: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What a client brings back.
pub struct Signed {
    /// The message, as it was given.
    pub message: String,
    /// The signature, as `personal_sign` gives it.
    pub signature: String,
}

/// Gives a message to sign with a wallet's key: to connect it to the viewer's account, or to sign in, for whoever has none.
pub async fn create(
    app: &Arc<App>,
    client: &Client,
    viewer: &Viewer,
    address: &str,
    chain_id: i32,
) -> Result<Challenge> {
    let site = site(app)?;
    let Some(address) = Address::parse(address) else {
        return Err(Error::refuse(Code::Invalid, "address", "It must be `0x` and 40 hexadecimal digits."));
    };
    if !site.chains.contains(&chain_id) {
        return Err(Error::refuse(Code::Invalid, "chain_id", "Wallets of this chain are not taken."));
    }
    app.limits.challenge(client.ip_address)?;
    let owner = viewer.account().map(|account| &account.user).filter(|user| user.kind != UserKind::Guest);
    let asked = Asked {
        site: site.clone(),
        address,
        chain_id: chain_id.into(),
        user_id: owner.map(|user| user.id),
        statement: owner.map_or_else(
            || "Sign in with this wallet.".to_owned(),
            |user| format!("Connect this wallet to the account {}.", user.username),
        ),
    };
    let context = app.clone();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let now = now(&context, transaction).await?;
            let (nonce, challenge) = asked.rows(&context, now);
            let given = Challenge {
                message: challenge.message.clone(),
                nonce: nonce.nonce.clone(),
                expires_at: challenge.expires_at,
            };
            wallet_nonce::Entity::insert(nonce.into_active_model()).exec_without_returning(transaction).await?;
            wallet_challenge::Entity::insert(challenge.into_active_model()).exec_without_returning(transaction).await?;
            Ok(given)
        })
    });
    work.await
}

/// Which site wallets sign in to.
pub(super) fn site(app: &App) -> Result<&Site> {
    let closed = Refusal {
        code: Code::Forbidden,
        path: Vec::new(),
        message: "This server takes no wallets: see `wallet_domain`.".into(),
    };
    app.settings.wallets.as_ref().ok_or_else(|| closed.into())
}

/// What is to be signed, and for what.
struct Asked {
    site: Site,
    address: Address,
    chain_id: i64,
    user_id: Option<UserId>,
    statement: String,
}

impl Asked {
    fn rows(self, app: &App, now: Timestamp) -> (wallet_nonce::Model, wallet_challenge::Model) {
        let (nonce, expires_at) = (message::nonce(app.clock.secret()), now + LIFETIME);
        let message = Message {
            domain: &self.site.domain,
            address: self.address,
            statement: &self.statement,
            uri: &self.site.uri,
            chain_id: self.chain_id,
            nonce: &nonce,
            issued_at: now,
            expires_at,
        };
        let challenge = wallet_challenge::Model {
            id: app.clock.id(),
            address: self.address.to_string(),
            chain_id: self.chain_id,
            user_id: self.user_id,
            message: message.to_string(),
            nonce_id: app.clock.id(),
            created_at: now,
            expires_at,
            used_at: None,
        };
        let (id, address) = (challenge.nonce_id, challenge.address.clone());
        (wallet_nonce::Model { id, address, nonce, expires_at, consumed_at: None }, challenge)
    }
}

/// By the database's clock; to the millisecond, as messages tell it.
async fn now(app: &App, on: &DatabaseTransaction) -> Result<Timestamp> {
    Ok(app.clock.moved(db::stamp(on, app.db.engine()).await?).trunc_subsecs(3))
}

/// Proof that whoever asks holds the key of a wallet. Only [`prove`] makes one, and only [`Proof::spend`] makes use of it.
pub(crate) struct Proof {
    challenge: wallet_challenge::Model,
    address: Address,
}

/// Proves that a challenge was signed by the key that it was given for; `user_id` is the account to connect it to, or none to
/// sign in. Whether it is still good is for [`Proof::spend`] to say.
pub(crate) async fn prove(app: &Arc<App>, client: &Client, user_id: Option<UserId>, signed: &Signed) -> Result<Proof> {
    site(app)?;
    app.limits.password(client.ip_address)?;
    let foreign =
        || Error::refuse(Code::Invalid, "message", "It is not, as it stands, a message that was given for this use.");
    let nonce = message::nonce_of(&signed.message).ok_or_else(foreign)?;
    let sql = "SELECT c.* FROM wallet_nonces n JOIN wallet_challenges c ON c.nonce_id = n.id WHERE n.nonce = $1";
    let challenge: Option<wallet_challenge::Model> = app.db.one(sql, [nonce.into()]).await?;
    let given =
        |challenge: &wallet_challenge::Model| challenge.message == signed.message && challenge.user_id == user_id;
    let challenge = challenge.filter(given).ok_or_else(foreign)?;
    let signature = Signature::parse(&signed.signature).ok_or_else(|| {
        Error::refuse(
            Code::Invalid,
            "signature",
            "It must be `0x` and 130 hexadecimal digits, as `personal_sign` gives it.",
        )
    })?;
    let address =
        signature.signer(&signed.message).filter(|signer| Address::parse(&challenge.address) == Some(*signer));
    match address {
        Some(address) => Ok(Proof { challenge, address }),
        None => {
            if user_id.is_none() {
                note_failure(app, client, challenge);
            }
            Err(Error::refuse(Code::WrongCredentials, "signature", "The wallet's key has not signed this message."))
        }
    }
}

/// Tells the account that has the wallet, if there is one, that somebody tried to sign in as if they had its key. Beside the request:
/// whether there is one is not to be told by the time.
fn note_failure(app: &Arc<App>, client: &Client, challenge: wallet_challenge::Model) {
    let (context, client) = (app.clone(), client.clone());
    app.spawn(async move {
        let sql = "SELECT * FROM wallets WHERE lower(address) = lower($1) AND chain_id = $2";
        let values = [challenge.address.into(), challenge.chain_id.into()];
        match context.db.one::<wallet::Model>(sql, values).await {
            Ok(Some(wallet)) => {
                let entry = Entry::new(&context, Action::SignInFailure, wallet.user_id, &client);
                audit::note(&context, entry.by(None));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(?error, "a line of the audit log was not written"),
        }
    });
}

impl Proof {
    /// The wallet's address.
    pub(super) fn address(&self) -> Address {
        self.address
    }

    /// The wallet's chain.
    pub(super) fn chain_id(&self) -> i64 {
        self.challenge.chain_id
    }

    /// Uses the challenge up, in the transaction of what it is for. Of two at once, one succeeds. When it was.
    pub(super) async fn spend(&self, app: &App, on: &DatabaseTransaction) -> Result<Timestamp> {
        let (engine, now) = (app.db.engine(), now(app, on).await?);
        let consume =
            "UPDATE wallet_nonces SET consumed_at = $2 WHERE id = $1 AND consumed_at IS NULL AND expires_at > $2";
        let consume = engine.sql(consume, [self.challenge.nonce_id.into(), now.into()]);
        // A clock that was set back makes nothing good for longer.
        let note = "UPDATE wallet_challenges SET used_at = $2 WHERE id = $1 AND created_at <= $2";
        let note = engine.sql(note, [self.challenge.id.into(), now.into()]);
        for statement in [consume, note] {
            if on.execute_raw(statement).await?.rows_affected() != 1 {
                return Err(Error::refuse(
                    Code::Expired,
                    "message",
                    "It was used before, or it is not the time for it.",
                ));
            }
        }
        Ok(now)
    }
}

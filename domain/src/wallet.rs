//! Wallets: keys of Ethereum that speak for an account, as "Sign-In with Ethereum" has it (EIP-4361).
//!
//! Whoever signs a [`challenge`] with a wallet's key has proved that it is theirs, and connects the wallet to their account,
//! signs in with it, or makes an account by it. An address is of one account on each chain, whatever its case; an account
//! has any number of wallets, and one of them is the primary one. Changes to an account's wallets wait for each other at
//! the account's row.
//!
//! Knows nothing of any chain: contracts that sign in place of a key (EIP-1271) can't be asked, and are not taken.

use std::collections::HashMap;
use std::sync::Arc;

use entity::id::{UserId, WalletId};
use entity::{Timestamp, wallet};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel,
    SqlErr,
};

mod address;
mod challenge;
mod message;
mod sign_in;
mod signature;
#[cfg(test)]
mod vectors;

pub use challenge::{Challenge, Signed, create as challenge};
pub(crate) use challenge::{Proof, prove};
pub use sign_in::create_session;

use crate::access::Viewer;
use crate::account::password::prove_presence;
use crate::account::{self, letter};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::credential;
use crate::error::{Code, Error, Result};
use crate::infra::db::Engine;
use crate::infra::keys::Column;
use crate::infra::list::{List, by_id};
use crate::limit::Asking;
use crate::mail;
use crate::page::{Page, Window};
use crate::session::{Client, digest};
use crate::text::{Checks, unique_key};

/// The site that wallets sign in to. Never taken from a request: a page of somebody else could ask for anything.
#[derive(Clone, Debug)]
pub struct Site {
    /// The host, and the port if it is not the usual one, as wallets compare it with the page that asks.
    pub domain: String,
    /// The site's address.
    pub uri: String,
    /// Chains whose wallets are taken.
    pub chains: Vec<i32>,
    /// Whether somebody who has no account may make one by signing.
    pub accounts: bool,
}

/// A place in the list of an account's wallets.
pub type Key = String;

/// The viewer's wallets, in the order in which they were connected. Not for API keys, since a wallet gives access to the account.
pub async fn list(app: &App, viewer: &Viewer, window: &Window<Key>) -> Result<Page<wallet::Model>> {
    let (own, _) = viewer.require_session()?;
    let list = List {
        select: "*",
        from: "FROM wallets WHERE user_id = $1",
        keys: &["id"],
        descending: false,
        values: vec![own.into()],
    };
    list.page(&app.db, &by_id::<WalletId>(window)).await
}

/// Wallets by account and id; those that are gone, or of another account, are missing.
pub async fn of_accounts(
    app: &App,
    asked: &[(UserId, WalletId)],
) -> Result<HashMap<(UserId, WalletId), wallet::Model>> {
    let engine = app.db.engine();
    let columns = [("id", Column::Id), ("user_id", Column::Id)];
    let sql = format!(
        "WITH {} SELECT t.* FROM want w JOIN wallets t ON t.id = w.id AND t.user_id = w.user_id",
        engine.want(&columns, 1)
    );
    let keys = asked.iter().map(|(user_id, id)| [(*id).into(), (*user_id).into()]);
    let rows: Vec<wallet::Model> = app.db.all(sql, [engine.keys(&columns, keys)]).await?;
    Ok(rows.into_iter().map(|row| ((row.user_id, row.id), row)).collect())
}

fn check_label(label: Option<&str>) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(label) = label {
        checks.text("label", label, 100);
    }
    checks.done()
}

/// Connects a wallet to the viewer's account. The first one becomes the primary one; one that is connected already is proved
/// anew. A new one is told to the account's address, if that is proved. Takes the password, as whatever changes how an account is
/// entered.
pub async fn connect(
    app: &Arc<App>,
    client: &Client,
    viewer: &Viewer,
    signed: &Signed,
    label: Option<String>,
    password: Option<String>,
) -> Result<wallet::Model> {
    let signed_in = viewer.require_account()?;
    let own = signed_in.user.id;
    check_label(label.as_deref())?;
    let present = prove_presence(app, client, signed_in, password).await?;
    if let Some(to) = letter::proved(&signed_in.user) {
        app.limits.mail(Asking::Owner(own), digest(&unique_key(&to)))?;
    }
    let proof = prove(app, client, Some(own), signed).await?;
    let entry = Entry::new(app, Action::WalletConnect, own, client);
    let (context, viewer) = (app.clone(), viewer.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let user = account::lock(&context, transaction, &viewer, &present).await?;
            let now = proof.spend(&context, transaction).await?;
            let row = match holder(engine, transaction, &proof).await? {
                Some(row) if row.user_id == own => verify(transaction, row, label, now).await?,
                Some(_) => return Err(taken()),
                None => {
                    let row = insert(&context, transaction, context.clock.id(), own, &proof, label, now).await?;
                    if let Some(to) = letter::proved(&user) {
                        mail::queue(&context, transaction, letter::new_wallet(to, &user, &row)).await?;
                    }
                    row
                }
            };
            audit::record(transaction, entry).await?;
            Ok(row)
        })
    });
    work.await
}

fn taken() -> Error {
    Error::refuse(Code::Taken, "message", "Another account has this wallet.")
}

/// The wallet that a proof is of, whoever has it.
async fn holder(engine: Engine, on: &impl ConnectionTrait, proof: &Proof) -> Result<Option<wallet::Model>> {
    let sql = "SELECT * FROM wallets WHERE lower(address) = $1 AND chain_id = $2";
    let values = [proof.address().key().into(), proof.chain_id().into()];
    Ok(wallet::Model::find_by_statement(engine.sql(sql, values)).one(on).await?)
}

/// Notes that a wallet was proved once more.
async fn verify(
    on: &DatabaseTransaction,
    row: wallet::Model,
    label: Option<String>,
    now: Timestamp,
) -> Result<wallet::Model> {
    let mut row = row.into_active_model();
    row.verified_at = ActiveValue::Set(Some(now));
    if label.is_some() {
        row.label = ActiveValue::Set(label);
    }
    Ok(row.update(on).await?)
}

/// Adds a wallet to an account; as the primary one if there is none.
async fn insert(
    app: &App,
    on: &DatabaseTransaction,
    id: WalletId,
    user_id: UserId,
    proof: &Proof,
    label: Option<String>,
    now: Timestamp,
) -> Result<wallet::Model> {
    let row = wallet::Model {
        id,
        user_id,
        address: proof.address().to_string(),
        chain_id: proof.chain_id(),
        label,
        is_primary: primary(app.db.engine(), on, user_id).await?.is_none(),
        verified_at: Some(now),
        created_at: now,
    };
    match wallet::Entity::insert(row.clone().into_active_model()).exec_without_returning(on).await {
        // Connected to another account between the look and the insert.
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Err(taken()),
        other => Ok(other.map(|_| row)?),
    }
}

/// Uses a proof up to connect its wallet to an account that is being made.
pub(crate) async fn begin(
    app: &App,
    on: &DatabaseTransaction,
    id: WalletId,
    user_id: UserId,
    proof: &Proof,
) -> Result<()> {
    let now = proof.spend(app, on).await?;
    insert(app, on, id, user_id, proof, None, now).await.map(drop)
}

async fn primary(engine: Engine, on: &DatabaseTransaction, user_id: UserId) -> Result<Option<wallet::Model>> {
    let sql = "SELECT * FROM wallets WHERE user_id = $1 AND is_primary";
    Ok(wallet::Model::find_by_statement(engine.sql(sql, [user_id.into()])).one(on).await?)
}

/// One of an account's wallets, by its id.
async fn own(engine: Engine, on: &DatabaseTransaction, user_id: UserId, id: WalletId) -> Result<wallet::Model> {
    let sql = "SELECT * FROM wallets WHERE id = $1 AND user_id = $2";
    let found = wallet::Model::find_by_statement(engine.sql(sql, [id.into(), user_id.into()])).one(on).await?;
    found.ok_or_else(|| Error::not_found("id", "wallet"))
}

/// Makes a wallet the primary one, in place of whichever is.
async fn make_primary(engine: Engine, on: &DatabaseTransaction, user_id: UserId, id: WalletId) -> Result<()> {
    // One after the other: at no moment may there be two.
    let sql = "UPDATE wallets SET is_primary = false WHERE user_id = $1 AND is_primary";
    on.execute_raw(engine.sql(sql, [user_id.into()])).await?;
    let sql = "UPDATE wallets SET is_primary = true WHERE id = $1";
    on.execute_raw(engine.sql(sql, [id.into()])).await?;
    Ok(())
}

/// What to change; an outer `None` leaves a field as it is, an inner one empties it.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// At most 100 characters.
    pub label: Option<Option<String>>,
    /// Only `true` can be asked for: what is the primary one no more, another one is.
    pub is_primary: Option<bool>,
}

/// Changes one of the viewer's wallets.
pub async fn update(app: &App, viewer: &Viewer, id: WalletId, changes: Changes) -> Result<wallet::Model> {
    let user_id = viewer.require()?.user.id;
    check_label(changes.label.clone().flatten().as_deref())?;
    if changes.is_primary == Some(false) {
        return Err(Error::refuse(Code::Invalid, "is_primary", "Make another wallet the primary one instead."));
    }
    let (engine, viewer, now) = (app.db.engine(), viewer.clone(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            let mut row = own(engine, transaction, user_id, id).await?;
            if changes.is_primary == Some(true) && !row.is_primary {
                make_primary(engine, transaction, user_id, id).await?;
                row.is_primary = true;
            }
            if let Some(label) = changes.label {
                let sql = "UPDATE wallets SET label = $2 WHERE id = $1";
                transaction.execute_raw(engine.sql(sql, [id.into(), label.clone().into()])).await?;
                row.label = label;
            }
            Ok(row)
        })
    });
    work.await
}

/// Takes a wallet away from the viewer's account, by its password if it has one. Sessions that were signed in with it go on, without it; if it was the primary
/// one, the one that was connected first of the others is now. The last one stays where there is no other way to sign in.
pub async fn remove(
    app: &Arc<App>,
    client: &Client,
    viewer: &Viewer,
    id: WalletId,
    password: Option<String>,
) -> Result<WalletId> {
    let signed_in = viewer.require()?;
    let user_id = signed_in.user.id;
    let present = prove_presence(app, client, signed_in, password).await?;
    let (context, engine, viewer) = (app.clone(), app.db.engine(), viewer.clone());
    let entry = Entry::new(app, Action::WalletRemove, user_id, client);
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let user = account::lock(&context, transaction, &viewer, &present).await?;
            let row = own(engine, transaction, user_id, id).await?;
            let sql = "SELECT * FROM wallets WHERE user_id = $1 AND id <> $2 ORDER BY id LIMIT 1";
            let values = [user_id.into(), id.into()];
            let next = wallet::Model::find_by_statement(engine.sql(sql, values)).one(transaction).await?;
            if next.is_none() && user.password_hash.is_none() {
                let why = "It is the only way to sign in to the account: connect another wallet first.";
                return Err(Error::refuse(Code::Conflict, "id", why));
            }
            let sql = "DELETE FROM wallets WHERE id = $1";
            transaction.execute_raw(engine.sql(sql, [id.into()])).await?;
            if let Some(next) = next.filter(|_| row.is_primary) {
                make_primary(engine, transaction, user_id, next.id).await?;
            }
            audit::record(transaction, entry).await
        })
    });
    work.await?;
    Ok(id)
}

/// Takes all wallets away from an account that is locked. How many there were.
pub(crate) async fn remove_all(engine: Engine, on: &DatabaseTransaction, user_id: UserId) -> Result<u64> {
    let sql = "DELETE FROM wallets WHERE user_id = $1";
    Ok(on.execute_raw(engine.sql(sql, [user_id.into()])).await?.rows_affected())
}

//! Signing in with a wallet.

use std::sync::Arc;

use entity::{user, wallet};
use sea_orm::{DatabaseTransaction, FromQueryResult};

use super::{Proof, Signed, challenge, holder};
use crate::account;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::{Code, Error, Result};
use crate::infra::db::Engine;
use crate::session::{self, Client, Fresh, Issued};

/// Signs in to the account that has a wallet. Who has proved that the key is theirs may be told that no account has it.
pub async fn create_session(app: &Arc<App>, client: &Client, signed: &Signed) -> Result<Issued> {
    let proof = challenge::prove(app, client, None, signed).await?;
    let (context, client) = (app.clone(), client.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            let (user, wallet) = owner(engine, transaction, &proof).await?;
            proof.spend(&context, transaction).await?;
            let fresh = Fresh::new(&context, user.id, &client).with_wallet(wallet.id);
            let entry = |action| Entry::new(&context, action, user.id, &client);
            let (taken_up, sign_in) = (entry(Action::AccountReactivate), entry(Action::SignIn));
            let hash = user.password_hash.clone();
            if account::enter(engine, transaction, &user, hash, context.clock.now()).await? {
                audit::record(transaction, taken_up).await?;
            }
            fresh.store(&context, transaction, user, sign_in).await
        })
    });
    work.await
}

/// The account that has a wallet and may be entered, locked, so that the wallet stays its own.
async fn owner(engine: Engine, on: &DatabaseTransaction, proof: &Proof) -> Result<(user::Model, wallet::Model)> {
    let nobody = || Error::refuse(Code::NotFound, "message", "No account has this wallet.");
    let found = holder(engine, on, proof).await?.ok_or_else(nobody)?;
    let sql = format!("SELECT * FROM users WHERE id = $1{}", engine.for_no_key_update());
    let user = user::Model::find_by_statement(engine.sql(sql, [found.user_id.into()])).one(on).await?;
    let user = user.ok_or_else(nobody)?;
    // Read again, now that it can't go any more.
    let wallet = holder(engine, on, proof).await?.filter(|wallet| wallet.user_id == user.id).ok_or_else(nobody)?;
    if !session::may_enter(&user) {
        return Err(nobody());
    }
    Ok((user, wallet))
}

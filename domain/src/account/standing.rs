//! What an account is: one that is given a password, a guest's that becomes a full one by it, and one that its owner puts to rest.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbErr, SqlErr};

use super::{anew, check_email, check_password, email, letter, lock, password, taken_refusal};
use crate::access::Viewer;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::bus::Hint;
use crate::limit::Asking;
use crate::session::{Client, digest, end_all};
use crate::text::{Checks, unique_key};
use crate::{administration, mail};

/// Gives an address and a password to an account that has none: a guest's, which becomes a full one, or one that came with a wallet.
/// It keeps its id, its name and what it wrote.
pub async fn upgrade(
    app: &Arc<App>,
    client: &Client,
    viewer: &Viewer,
    email: String,
    password: String,
) -> Result<Viewer> {
    let signed_in = viewer.require()?;
    let (user, (_, session)) = (&signed_in.user, viewer.require_session()?);
    if user.password_hash.is_some() {
        return Err(has_password());
    }
    let mut checks = Checks::default();
    check_email(&mut checks, &email);
    check_password(&mut checks, "password", &password);
    checks.done()?;
    app.limits.look(client.ip_address)?;
    let (key, user_id, now) = (unique_key(&email), user.id, app.clock.now());
    if super::holds(app, "email_key", &key).await? {
        return Err(taken_refusal("email").into());
    }
    let present = password::prove_presence(app, client, signed_in, None).await?;
    app.limits.password(client.ip_address)?;
    app.limits.mail(Asking::Newcomer, digest(&key))?;
    let hash = app.hasher.hash(password).await?;
    let entry = Entry::new(app, Action::AccountUpgrade, user_id, client);
    let (context, viewer) = (app.clone(), viewer.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            // Refuses one that was given a password meanwhile.
            lock(&context, transaction, &viewer, &present).await.map_err(|error| match error {
                Error::Refused(_) => has_password(),
                other => other,
            })?;
            let sql = "UPDATE users SET kind = 'human', email = $2, email_key = $3, password_hash = $4, updated_at = $5 \
                       WHERE id = $1";
            let values = [user_id.into(), email.clone().into(), key.into(), hash.into(), now.into()];
            transaction.execute_raw(engine.sql(sql, values)).await.map_err(taken)?;
            audit::record(transaction, entry).await?;
            email::ask_for_proof(&context, transaction, user_id, email, now).await
        })
    });
    work.await?;
    anew(app, user_id, session).await
}

fn has_password() -> Error {
    let message = "It has a password already.".into();
    Error::Refused(vec![Refusal { code: Code::Conflict, path: Vec::new(), message }])
}

fn taken(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => taken_refusal("email").into(),
        _ => error.into(),
    }
}

/// Puts the viewer's account to rest: all its sessions end. Signing in takes it up again.
pub async fn deactivate(app: &Arc<App>, client: &Client, viewer: &Viewer, password: String) -> Result<()> {
    let signed_in = viewer.require_account()?;
    let proof = password::prove(app, client, signed_in, password, "password").await?;
    let (context, user_id, now) = (app.clone(), signed_in.user.id, app.clock.now());
    let (viewer, entry) = (viewer.clone(), Entry::new(app, Action::AccountDeactivate, user_id, client));
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            administration::require_another(engine, transaction, user_id).await?;
            let user = lock(&context, transaction, &viewer, &proof).await?;
            let sql = "UPDATE users SET is_active = $2, updated_at = $3 WHERE id = $1";
            transaction.execute_raw(engine.sql(sql, [user_id.into(), false.into(), now.into()])).await?;
            end_all(engine, transaction, user_id, None, now).await?;
            if let Some(to) = letter::proved(&user) {
                mail::queue(&context, transaction, letter::deactivated(to, &user)).await?;
            }
            audit::record(transaction, entry).await
        })
    });
    work.await?;
    app.bus.publish(Hint::AccessEnded(user_id));
    Ok(())
}

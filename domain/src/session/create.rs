//! Signing in with a password.

use std::sync::Arc;

use entity::id::{TypedId, UserId};
use entity::user;
use entity::user::UserKind;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{Client, Fresh, Issued, digest, may_enter};
use crate::account;
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::error::{Code, Error, Result};
use crate::limit::{Target, site};
use crate::password::{Verdict, Waiting, compare_at};
use crate::text::unique_key;

/// Signs in by username or email. Which of login and password was wrong is not said, nor to be told by the time.
pub async fn create(app: &Arc<App>, client: &Client, login: &str, password: String) -> Result<Issued> {
    if login.len() > account::LONGEST_LOGIN {
        return Err(wrong_credentials());
    }
    let place = app.hasher.place()?;
    app.limits.password(client.ip_address)?;
    let found = account::by_login(app, login).await?;
    app.limits.attempt(&target(app, client, login, found.as_ref()).await?)?;
    let proved = prove(app, client, place, found, password.clone()).await?;
    let was_imported = proved.anew.is_some();
    match begin(app, client, proved).await {
        // Another sign-in has hashed the password anew meanwhile, or it is another password by now: that tells.
        Err(Error::Refused(_)) if was_imported => {
            let found = account::by_login(app, login).await?;
            let proved = prove(app, client, app.hasher.place()?, found, password).await?;
            begin(app, client, proved).await
        }
        outcome => outcome,
    }
}

/// Somebody who has given an account's password.
struct Proved {
    user: user::Model,
    /// The hash to keep of it from now on, if the account's was made elsewhere.
    anew: Option<String>,
}

/// Proves that a password is the account's, if there is one that may be entered.
async fn prove(
    app: &Arc<App>,
    client: &Client,
    place: Waiting<'_>,
    found: Option<user::Model>,
    password: String,
) -> Result<Proved> {
    let account_id = found.as_ref().map(|user| user.id);
    let usable = found.filter(|user| user.kind == UserKind::Human && may_enter(user));
    let hash = usable.as_ref().and_then(|user| user.password_hash.clone());
    let verdict =
        if password.len() <= 256 { compare_at(app, place, password, hash).await? } else { Verdict::default() };
    let (true, Some(user)) = (verdict.matches, usable) else {
        if let Some(user_id) = account_id {
            audit::note(app, Entry::new(app, Action::SignInFailure, user_id, client).by(None));
        }
        return Err(wrong_credentials());
    };
    Ok(Proved { user, anew: verdict.anew })
}

/// Begins a session of an account whose password was given, if that is its password still.
async fn begin(app: &Arc<App>, client: &Client, proved: Proved) -> Result<Issued> {
    let Proved { user, anew } = proved;
    let (fresh, entry) = (Fresh::new(app, user.id, client), Entry::new(app, Action::SignIn, user.id, client));
    let taken_up = Entry::new(app, Action::AccountReactivate, user.id, client);
    let (context, engine, now) = (app.clone(), app.db.engine(), app.clock.now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let hash = anew.or_else(|| user.password_hash.clone());
            if account::enter(engine, transaction, &user, hash, now).await? {
                audit::record(transaction, taken_up).await?;
            }
            fresh.store(&context, transaction, user, entry).await
        })
    });
    work.await
}

/// Who could not show that an account is theirs; which of login and password was wrong is not said.
pub(crate) fn wrong_credentials() -> Error {
    Error::refuse(Code::WrongCredentials, "login", "The login or the password is wrong.")
}

#[derive(FromQueryResult)]
struct Place {
    ip_address: String,
}

/// Sessions by which places are familiar, the latest ones: a program may have opened thousands.
const PLACES: u32 = 100;

/// What an attempt is counted by. Where it comes from elsewhere, that is the login as it was given, an account's or nobody's: were it
/// the account, a limit that is met by a name would tell whose an address is. The same is asked whether or not there is somebody,
/// since time tells, too.
async fn target(app: &App, client: &Client, login: &str, found: Option<&user::Model>) -> Result<Target> {
    let id = found.map_or_else(|| UserId::from_uuid(Uuid::nil()), |user| user.id);
    let sql = format!(
        "SELECT DISTINCT ip_address FROM (SELECT ip_address FROM user_sessions WHERE user_id = $1 ORDER BY id DESC LIMIT {PLACES}) \
         AS latest WHERE ip_address IS NOT NULL"
    );
    let places: Vec<Place> = app.db.all(sql, [id.into()]).await?;
    let here = client.ip_address.map(site);
    let known = |place: &Place| place.ip_address.parse().ok().map(site) == here;
    let other = digest(&unique_key(login));
    Ok(match (found, here) {
        (Some(user), Some(here)) if places.iter().any(known) => Target::Familiar(user.id, here),
        _ => Target::Login(other),
    })
}

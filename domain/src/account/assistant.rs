//! The account of the assistant: there from the first start with an endpoint on. It has neither password nor email, so nobody signs
//! in to it.

use std::sync::Arc;

use entity::user::UserKind;
use entity::{profile, user};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel};

use super::{check_username, new_user, profile_of, taken_refusal};
use crate::app::App;
use crate::assistant;
use crate::error::Result;
use crate::text::{Checks, search_key, unique_key};

/// Makes the account, if there is to be an assistant and has been none. Whoever `renames` has it called what the settings call it now.
pub async fn open_assistant(app: &Arc<App>, renames: bool) -> Result<()> {
    let Some(settings) = &app.settings.assistant else { return Ok(()) };
    let mut checks = Checks::default();
    check_username(&mut checks, &settings.username);
    checks.done()?;
    let (context, username) = (app.clone(), settings.username.clone());
    let work = app
        .db
        .write(move |transaction| Box::pin(async move { store(&context, transaction, &username, renames).await }));
    work.await
}

async fn store(app: &App, on: &DatabaseTransaction, username: &str, renames: bool) -> Result<()> {
    let engine = app.db.engine();
    let sql = engine.sql("SELECT * FROM users WHERE id = $1", [assistant::id().into()]);
    let found = user::Model::find_by_statement(sql).one(on).await?;
    if found.as_ref().is_some_and(|user| !renames || user.username == username) {
        return Ok(());
    }
    // Of nodes that start at once another one may have given the assistant this name by now.
    let sql = engine.sql(
        "SELECT * FROM users WHERE username_key = $1 AND id <> $2",
        [unique_key(username).into(), assistant::id().into()],
    );
    if user::Model::find_by_statement(sql).one(on).await?.is_some() {
        return Err(taken_refusal("username").into());
    }
    if found.is_some() {
        return rename(app, on, username).await;
    }
    let user = user::Model {
        id: assistant::id(),
        search_key: search_key(username),
        last_login_at: None,
        ..new_user(app, username, None, None, UserKind::Assistant)
    };
    let profile = profile_of(&user, None);
    let unless_raced = OnConflict::column(user::Column::Id).do_nothing().to_owned();
    let insert = user::Entity::insert(user.into_active_model()).on_conflict(unless_raced);
    if insert.exec_without_returning(on).await? > 0 {
        profile::Entity::insert(profile.into_active_model()).exec_without_returning(on).await?;
    }
    Ok(())
}

/// Calls it something else, wherever it is called by its name: nobody else gives it one.
async fn rename(app: &App, on: &DatabaseTransaction, username: &str) -> Result<()> {
    let (engine, now) = (app.db.engine(), app.clock.now());
    let sql = "UPDATE users SET username = $2, username_key = $3, search_key = $4, updated_at = $5 WHERE id = $1";
    let keys = [unique_key(username), search_key(username)].map(Into::into);
    let values = [assistant::id().into(), username.into()].into_iter().chain(keys).chain([now.into()]);
    on.execute_raw(engine.sql(sql, values)).await?;
    let sql = "UPDATE profiles SET display_name = $2, updated_at = $3 WHERE user_id = $1";
    on.execute_raw(engine.sql(sql, [assistant::id().into(), username.into(), now.into()])).await?;
    Ok(())
}

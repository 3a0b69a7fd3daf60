//! Profiles: the public face that people give themselves.

use entity::profile;
use sea_orm::{ActiveModelTrait, ActiveValue, ConnectionTrait};

use crate::access::Viewer;
use crate::app::App;
use crate::credential;
use crate::error::{Code, Result};
use crate::text::{Checks, search_key};

/// What to change; an outer `None` leaves a field as it is, an inner one empties it.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Never empty: at most 100 characters.
    pub display_name: Option<Option<String>>,
    /// At most 100 characters.
    pub first_name: Option<Option<String>>,
    /// At most 100 characters.
    pub last_name: Option<Option<String>>,
    /// An http or https address.
    pub avatar_url: Option<Option<String>>,
    /// At most 1,000 characters.
    pub bio: Option<Option<String>>,
}

/// Changes the viewer's own profile.
pub async fn update(app: &App, viewer: &Viewer, changes: Changes) -> Result<()> {
    let user_id = viewer.require()?.user.id;
    check(&changes)?;
    let now = app.clock.now();
    let (engine, viewer) = (app.db.engine(), viewer.clone());
    let key = changes.display_name.clone().flatten().map(|name| search_key(&name));
    let keep = |field: Option<Option<String>>| field.map_or(ActiveValue::NotSet, ActiveValue::Set);
    let row = profile::ActiveModel {
        user_id: ActiveValue::Unchanged(user_id),
        display_name: changes.display_name.flatten().map_or(ActiveValue::NotSet, ActiveValue::Set),
        first_name: keep(changes.first_name),
        last_name: keep(changes.last_name),
        avatar_url: keep(changes.avatar_url),
        bio: keep(changes.bio),
        created_at: ActiveValue::NotSet,
        updated_at: ActiveValue::Set(now),
    };
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            credential::hold(engine, transaction, &viewer, now).await?;
            row.update(transaction).await?;
            if let Some(key) = key {
                let sql = "UPDATE users SET search_key = $2, updated_at = $3 WHERE id = $1";
                transaction.execute_raw(engine.sql(sql, [user_id.into(), key.into(), now.into()])).await?;
            }
            Ok(())
        })
    });
    work.await
}

fn check(changes: &Changes) -> Result<()> {
    let mut checks = Checks::default();
    match &changes.display_name {
        Some(Some(name)) => checks.text("display_name", name, 100),
        Some(None) => checks.require(false, Code::Blank, "display_name", "It can't be taken away."),
        None => {}
    }
    let given = |field: &Option<Option<String>>| field.clone().flatten();
    checks.optional("first_name", given(&changes.first_name).as_deref(), 100);
    checks.optional("last_name", given(&changes.last_name).as_deref(), 100);
    checks.url("avatar_url", given(&changes.avatar_url).as_deref(), 2000);
    checks.optional("bio", given(&changes.bio).as_deref(), 1000);
    checks.done()
}

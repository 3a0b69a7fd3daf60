//! Who takes part: joining, leaving, being added and removed, roles.

use std::collections::HashMap;
use std::sync::Arc;

use entity::id::{ThreadId, UserId};
use entity::participant::{self, Role};
use entity::thread::ThreadKind;
use entity::user::UserKind;
use sea_orm::FromQueryResult;

use crate::access::{self, Admin, Member, Reader, Viewer};
use crate::app::App;
use crate::block;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::keys::{Column, Key as KeyValue};
use crate::user;

mod change;
mod page;

pub use change::{Changed, add, join, leave, remove, set_role};
pub(crate) use change::{resign, vanish};
pub use page::{Key, pages};

/// A participant's place in the list.
pub fn key(row: &participant::Model) -> Key {
    (name(row.role).to_owned(), row.joined_seq, row.user_id.to_string())
}

/// A role as the database spells it.
fn name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Ai => "ai",
        Role::Member => "member",
    }
}

#[derive(FromQueryResult)]
struct Count {
    thread_id: ThreadId,
    role: Role,
    count: i64,
}

/// How many participants of one role threads have; where there is none, the thread is missing.
pub async fn counts(app: &App, asked: &[(ThreadId, Role)]) -> Result<HashMap<(ThreadId, Role), i64>> {
    let engine = app.db.engine();
    let columns = [("thread_id", Column::Id), ("role", Column::Text)];
    let sql = format!(
        "WITH {} SELECT w.thread_id, w.role, count(*) AS count FROM want w JOIN thread_participants p \
         ON p.thread_id = w.thread_id AND p.role = w.role AND p.left_at IS NULL GROUP BY w.thread_id, w.role",
        engine.want(&columns, 1)
    );
    let keys = asked.iter().map(|(thread, role)| [(*thread).into(), KeyValue::Text(name(*role).to_owned())]);
    let rows: Vec<Count> = app.db.all(sql, [engine.keys(&columns, keys)]).await?;
    Ok(rows.into_iter().map(|row| ((row.thread_id, row.role), row.count)).collect())
}

/// The rows of users in threads that they take part in; the others are missing.
pub async fn own_rows(
    app: &App,
    asked: &[(ThreadId, UserId)],
) -> Result<HashMap<(ThreadId, UserId), participant::Model>> {
    let engine = app.db.engine();
    let columns = [("thread_id", Column::Id), ("user_id", Column::Id)];
    let condition = "t.thread_id = w.thread_id AND t.user_id = w.user_id AND t.left_at IS NULL";
    let first = engine.first_of_each("thread_participants", condition, "t.user_id", "1");
    let sql = format!("WITH {} SELECT t.* FROM {first}", engine.want(&columns, 1));
    let keys = asked.iter().map(|(thread, user)| [(*thread).into(), (*user).into()]);
    let rows: Vec<participant::Model> = app.db.all(sql, [engine.keys(&columns, keys)]).await?;
    Ok(rows.into_iter().map(|row| ((row.thread_id, row.user_id), row)).collect())
}

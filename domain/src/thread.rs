//! Threads: direct, group and room.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use entity::id::{ThreadId, UserId};
use entity::thread_event::EventKind;
use sea_orm::FromQueryResult;

mod create;
mod list;
mod lobby;
mod mute;

pub(crate) use create::direct_key;
pub use create::{New, create};
pub(crate) use list::{Front, ListedRow};
pub use list::{Key, Listed, inbox, rooms};
pub(crate) use lobby::id as lobby_id;
pub use lobby::{lobby, open as open_lobby};
pub use mute::{mute, unmute};

use crate::access::{self, Admin, Reader, Viewer};
use crate::app::App;
use crate::archive::{self, ARCHIVE, IN_USE, in_both};
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Refusal, Result};
use crate::infra::keys::{Column, Key as KeyValue};
use crate::recurring;
use crate::text::Checks;

/// A thread that was changed, or was already as it should be, and where its log stands.
pub struct Changed {
    /// The proof to read it.
    pub reader: Reader,
    /// The end of its log with the change in it.
    pub seq: i64,
}

/// What to change about a group or a room; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// What it is called; `None` takes a group's title away.
    pub title: Option<Option<String>>,
    /// After how many days messages are deleted; `None` keeps them.
    pub retention_days: Option<Option<i32>>,
}

/// The longest time after which messages are deleted, in days.
const LONGEST_RETENTION: i32 = 3650;

/// Changes a group or a room. What direct threads have said belongs to both, so neither of the two has it deleted for the other.
pub async fn update(app: &Arc<App>, viewer: &Viewer, id: ThreadId, update: Update) -> Result<Changed> {
    let actor = viewer.require()?.user.id;
    check_title(update.title.as_ref().and_then(Option::as_deref))?;
    let mut checks = Checks::default();
    let days = update.retention_days.flatten();
    let is_right = days.is_none_or(|days| (1..=LONGEST_RETENTION).contains(&days));
    checks.require(is_right, Code::Invalid, "retention_days", format!("From 1 to {LONGEST_RETENTION} days."));
    checks.done()?;
    let prove = || async { access::admin(app, viewer, id).await.map_err(|error| error.at("id")) };
    change(app, prove, |proof| ThreadChange { proof, actor, act: Act::Update(update.clone()) }).await
}

/// Makes a thread read-only, or takes it back: then its messages come back from where they were moved to, too.
pub async fn archive(app: &Arc<App>, viewer: &Viewer, id: ThreadId, archived: bool) -> Result<Changed> {
    let actor = viewer.require()?.user.id;
    let prove = || async { access::archivist(app, viewer, id, archived).await.map_err(|error| error.at("id")) };
    let rest = app.settings.archive.untouched.unwrap_or_default();
    let act = || if archived { Act::Archive } else { Act::TakeBack { rest } };
    let changed = change(app, prove, |proof| ThreadChange { proof, actor, act: act() }).await?;
    if changed.reader.thread().coming_back
        && let Err(error) = recurring::ask(app, &archive::RECURRING).await
    {
        tracing::warn!(?error, "the job that moves messages back was not asked for; it is in turn soon");
    }
    Ok(changed)
}

async fn change<F: Future<Output = Result<Admin>> + Send>(
    app: &Arc<App>,
    prove: impl Fn() -> F,
    make: impl Fn(Admin) -> ThreadChange,
) -> Result<Changed> {
    let committed = commit::under(app, prove, make).await?;
    let (proof, seq) = committed.done;
    Ok(Changed { reader: proof.reader().at(committed.thread), seq })
}

/// A title is 1 to 255 characters, where there is one.
fn check_title(title: Option<&str>) -> Result<()> {
    let mut checks = Checks::default();
    if let Some(title) = title {
        checks.text("title", title, 255);
    }
    checks.done()
}

enum Act {
    Update(Update),
    Archive,
    /// Its messages are left where they are then for so long, if nothing is said.
    TakeBack {
        rest: Duration,
    },
}

struct ThreadChange {
    proof: Admin,
    actor: UserId,
    act: Act,
}

impl Change for ThreadChange {
    type Done = (Admin, i64);

    fn needs(&self, _: &mut Needs) {}

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        let before = batch.thread.clone();
        match &self.act {
            Act::Update(update) => {
                if update.title == Some(None) && before.kind == entity::thread::ThreadKind::Room {
                    return Err(Refusal::new(Code::Blank, "title", "A room must have a title.").into());
                }
                let thread = &mut batch.thread;
                thread.title = update.title.clone().unwrap_or_else(|| before.title.clone());
                thread.retention_days = update.retention_days.unwrap_or(thread.retention_days);
            }
            Act::Archive if before.archived_at.is_none() => {
                batch.thread.archived_at = Some(batch.now);
                batch.thread.coming_back = false;
                // It may go to the archive sooner now, and what has come back of it goes again.
                let is_in_use = before.move_look_at.is_some() || before.coming_back;
                batch.thread.move_look_at = is_in_use.then_some(batch.stamp);
            }
            Act::TakeBack { rest } if before.archived_at.is_some() => {
                batch.thread.archived_at = None;
                batch.thread.coming_back = before.moved_seq > 0;
                batch.thread.move_look_at = before.move_look_at.map(|_| batch.stamp + *rest);
            }
            Act::Archive | Act::TakeBack { .. } => {}
        }
        let changed = batch.thread != before;
        if batch.thread.archived_at != before.archived_at {
            // Whoever holds a proof to write must prove again.
            batch.move_membership();
        }
        if changed {
            batch.append(EventKind::ThreadChanged, self.actor, None, None);
            batch.touch();
        }
        Ok((self.proof.clone(), batch.thread.last_seq))
    }
}

#[derive(FromQueryResult)]
struct Deleted {
    thread_id: ThreadId,
    low: i64,
    high: i64,
    count: i64,
}

/// How many messages were deleted behind each position; where none was, the place is missing. See [`unread_count`].
/// A place has the position it counts from and the one it counts to: what came later is not of that moment.
pub async fn deleted_after(app: &App, places: &[(ThreadId, i64, i64)]) -> Result<HashMap<(ThreadId, i64, i64), i64>> {
    let engine = app.db.engine();
    let columns = [("thread_id", Column::Id), ("low", Column::Number), ("high", Column::Number)];
    let counted = in_both(|shelf| {
        format!(
            "SELECT w.thread_id, w.low, w.high, count(*) AS count FROM want w CROSS JOIN {} m WHERE m.thread_id = w.thread_id \
             AND m.position > w.low AND m.position <= w.high AND m.deleted_at IS NOT NULL GROUP BY w.thread_id, w.low, w.high",
            shelf.messages
        )
    });
    let sql = format!("WITH {} {counted}", engine.want(&columns, 1));
    let keys = places.iter().map(|(id, low, high)| [(*id).into(), KeyValue::Number(*low), KeyValue::Number(*high)]);
    let rows: Vec<Deleted> = app.db.all(sql, [engine.keys(&columns, keys)]).await?;
    let mut counts = HashMap::new();
    for row in rows {
        *counts.entry((row.thread_id, row.low, row.high)).or_default() += row.count;
    }
    Ok(counts)
}

/// The position behind which a participant's unread messages are counted: where they have read, or behind all that retention has
/// deleted, so that its tombstones are not counted, however many there are.
pub fn unread_from(thread: &entity::thread::Model, last_read_position: i64) -> i64 {
    last_read_position.max(thread.expired_position)
}

/// Messages that a participant has not read: those posted after a position, without those deleted since. See [`unread_from`].
pub fn unread_count(message_count: i64, position: i64, deleted_after: i64) -> i64 {
    (message_count - position - deleted_after).max(0)
}

/// How many of the viewer's threads in use have something unread.
pub async fn unread_thread_count(app: &App, viewer: &Viewer) -> Result<i64> {
    let own = viewer.require()?.user.id;
    let from = format!("{}(p.last_read_position, t.expired_position)", app.db.engine().greatest());
    let deleted = [IN_USE, ARCHIVE].map(|shelf| {
        format!(
            "(SELECT count(*) FROM {} m WHERE m.thread_id = t.id AND m.position > {from} \
             AND m.deleted_at IS NOT NULL)",
            shelf.messages
        )
    });
    let sql = format!(
        "SELECT count(*) FROM thread_participants p JOIN threads t ON t.id = p.thread_id \
         WHERE p.user_id = $1 AND p.left_at IS NULL AND t.archived_at IS NULL \
         AND t.message_count > {from} AND t.message_count - {from} > {}",
        deleted.join(" + ")
    );
    app.db.count(sql, [own.into()]).await
}

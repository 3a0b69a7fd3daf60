//! Bans: whom the admins of a room keep out of it. Who is banned neither reads the room nor joins it, as if it were not there; whoever
//! signs out reads it still, since a room is public.
//!
//! A ban holds from its own time on, and ends by itself if it was given an end: nothing has to be done then, since whoever asks compares
//! with the clock. That somebody is in a room and that they are banned from it exclude each other, under the lock of its row. A ban is a
//! line of the log, so that it ends streams as a removal does.

use std::collections::HashMap;
use std::sync::Arc;

use entity::Timestamp;
use entity::id::{ThreadId, UserId};
use entity::thread::ThreadKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

pub use entity::room_ban::Model;

use crate::access::{self, Admin, Reader, Viewer};
use crate::app::App;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::db::{Engine, all};
use crate::infra::keys::{Column, Key as KeyValue};
use crate::infra::lists::Lists;
use crate::page::{Page, Window};
use crate::text::Checks;

/// Characters of a reason at the most.
const LONGEST_REASON: usize = 500;

/// Whom to ban, why, and until when.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Whom; whether they are in the room or not.
    pub user_id: UserId,
    /// For the room's admins: 1 to 500 characters.
    pub reason: Option<String>,
    /// A moment to come; until it is lifted, if there is none.
    pub until: Option<Timestamp>,
}

/// A ban that was made, or was there already.
pub struct Banned {
    /// The proof to read the room.
    pub reader: Reader,
    /// The ban.
    pub ban: Model,
    /// The end of the log with the change in it.
    pub seq: i64,
}

/// A ban that was lifted, or was not there.
pub struct Lifted {
    /// The proof to read the room.
    pub reader: Reader,
    /// The end of the log with the change in it.
    pub seq: i64,
}

/// Bans somebody from a room, and takes them out if they are in. Of one who is banned already, the reason and the end are set anew.
pub async fn create(app: &Arc<App>, viewer: &Viewer, thread_id: ThreadId, draft: Draft) -> Result<Banned> {
    let actor = viewer.require()?.user.id;
    let prove = || proof(app, viewer, thread_id);
    prove().await?;
    let mut checks = Checks::default();
    if let Some(reason) = &draft.reason {
        checks.text("reason", reason, LONGEST_REASON);
    }
    let lasts = draft.until.is_none_or(|until| until > app.clock.now());
    checks.require(lasts, Code::Invalid, "until", "It must be in the future.");
    checks.require(draft.user_id != actor, Code::Invalid, "user_id", "Nobody bans themselves: to go, use threadLeave.");
    checks.done()?;
    let committed = commit::under(app, prove, |proof| Ban { proof, actor, draft: draft.clone() }).await?;
    let (proof, ban, seq) = committed.done;
    Ok(Banned { reader: proof.reader().at(committed.thread), ban, seq })
}

/// Lifts a ban, so that they may come back by themselves. No harm if there is none.
pub async fn delete(app: &Arc<App>, viewer: &Viewer, thread_id: ThreadId, user_id: UserId) -> Result<Lifted> {
    let actor = viewer.require()?.user.id;
    let prove = || proof(app, viewer, thread_id);
    let committed = commit::under(app, prove, |proof| Lift { proof, actor, user_id }).await?;
    let (proof, seq) = committed.done;
    Ok(Lifted { reader: proof.reader().at(committed.thread), seq })
}

async fn proof(app: &App, viewer: &Viewer, thread_id: ThreadId) -> Result<Admin> {
    let proof = access::admin(app, viewer, thread_id).await?;
    if proof.thread().kind != ThreadKind::Room {
        let why = "Only rooms have bans: whoever is removed from a group does not come back by themselves.";
        return Err(Error::refuse(Code::Forbidden, "thread_id", why));
    }
    Ok(proof)
}

struct Ban {
    proof: Admin,
    actor: UserId,
    draft: Draft,
}

impl Change for Ban {
    type Done = (Admin, Model, i64);

    fn needs(&self, needs: &mut Needs) {
        needs.participants.extend([self.actor, self.draft.user_id]);
        needs.bans.insert(self.draft.user_id);
        needs.arrivals.insert(self.draft.user_id);
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        let Draft { user_id, reason, until } = &self.draft;
        if !batch.there.contains(user_id) {
            return Err(Refusal::new(Code::NotFound, "user_id", "There is no such account.").into());
        }
        let as_asked = batch.ban_of(*user_id).filter(|ban| (&ban.reason, &ban.until) == (reason, until));
        let ban = match as_asked {
            Some(ban) => ban.clone(),
            None => batch.ban(*user_id, self.actor, reason.clone(), *until),
        };
        Ok((self.proof.clone(), ban, batch.thread.last_seq))
    }
}

struct Lift {
    proof: Admin,
    actor: UserId,
    user_id: UserId,
}

impl Change for Lift {
    type Done = (Admin, i64);

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.actor);
        needs.bans.insert(self.user_id);
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        batch.unban(self.user_id, self.actor);
        Ok((self.proof.clone(), batch.thread.last_seq))
    }
}

/// Why somebody who is banned does not come in.
pub(crate) fn refusal(until: Option<Timestamp>) -> Refusal {
    let why = match until {
        None => "You are banned from this room.".to_owned(),
        Some(until) => format!("You are banned from this room until {}.", until.format("%Y-%m-%dT%H:%M:%SZ")),
    };
    Refusal::new(Code::Forbidden, "id", why)
}

/// A condition: the account in one column or parameter is not banned from the thread `t`, by the time in another.
pub(crate) fn lets_in(user: &str, now: &str) -> String {
    let in_force = in_force(now);
    format!("NOT EXISTS (SELECT 1 FROM room_bans b WHERE b.thread_id = t.id AND b.user_id = {user} AND {in_force})")
}

/// A condition: the ban `b` holds, by the time in a parameter.
pub(crate) fn in_force(now: &str) -> String {
    format!("(b.until IS NULL OR b.until > {now})")
}

/// The rooms that the viewer is banned from, by the latest bans, so many at the most.
pub(crate) async fn rooms_of(app: &App, viewer: &Viewer, most: u32) -> Result<Vec<ThreadId>> {
    let sql = format!(
        "SELECT thread_id FROM room_bans WHERE user_id = $1 AND (until IS NULL OR until > $2) \
         ORDER BY at DESC, thread_id LIMIT {most}"
    );
    let rows: Vec<Room> = app.db.all(sql, [viewer.user_id().into(), app.clock.now().into()]).await?;
    Ok(rows.into_iter().map(|row| row.thread_id).collect())
}

#[derive(FromQueryResult)]
struct Room {
    thread_id: ThreadId,
}

/// The ban that keeps the viewer out of a room, if one does.
pub(crate) async fn of_viewer(app: &App, viewer: &Viewer, thread_id: ThreadId) -> Result<Option<Model>> {
    let Some(user_id) = viewer.user_id() else { return Ok(None) };
    let sql = "SELECT * FROM room_bans WHERE thread_id = $1 AND user_id = $2";
    let ban: Option<Model> = app.db.one(sql, [thread_id.into(), user_id.into()]).await?;
    Ok(ban.filter(|ban| holds(ban, app.clock.now())))
}

/// Whether a ban has not ended.
pub(crate) fn holds(ban: &Model, now: Timestamp) -> bool {
    ban.until.is_none_or(|until| until > now)
}

/// The bans of a room, as rows of those accounts; those that have ended among them.
pub(crate) async fn of(
    engine: Engine,
    on: &DatabaseTransaction,
    thread_id: ThreadId,
    users: impl IntoIterator<Item = UserId>,
) -> Result<HashMap<UserId, Model>> {
    let sql = format!("SELECT * FROM room_bans WHERE thread_id = $1 AND user_id {}", engine.among(2));
    let rows: Vec<Model> = all(on, engine, sql, [thread_id.into(), engine.ids(users)]).await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row)).collect())
}

/// What is to be written: a ban, or that there is none any more.
pub(crate) enum Write {
    /// A ban, in the place of one that there may be.
    Set(Model),
    /// No ban of this account.
    Lift(UserId),
}

/// Writes what a batch has noted, in its order.
pub(crate) async fn store(
    engine: Engine,
    on: &DatabaseTransaction,
    thread_id: ThreadId,
    writes: Vec<Write>,
) -> Result<()> {
    for write in writes {
        let (sql, values) = match write {
            Write::Set(ban) => (
                "INSERT INTO room_bans (thread_id, user_id, by_user_id, reason, at, until, seq) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (thread_id, user_id) DO UPDATE \
                 SET by_user_id = $3, reason = $4, at = $5, until = $6, seq = $7",
                vec![
                    thread_id.into(),
                    ban.user_id.into(),
                    ban.by_user_id.into(),
                    ban.reason.into(),
                    ban.at.into(),
                    ban.until.into(),
                    ban.seq.into(),
                ],
            ),
            Write::Lift(user_id) => {
                ("DELETE FROM room_bans WHERE thread_id = $1 AND user_id = $2", vec![thread_id.into(), user_id.into()])
            }
        };
        on.execute_raw(engine.sql(sql, values)).await?;
    }
    Ok(())
}

const LISTS: Lists = Lists { table: "room_bans", owner: "thread_id", key: ("seq", Column::Number) };

/// The bans of rooms, the latest first: one page for each. For admins; for others the page is empty.
pub async fn pages(app: &App, asked: &[(Reader, Window<i64>)]) -> Result<Vec<Page<Model>>> {
    let managed = asked.iter().map(|(reader, window)| reader.manages().then(|| (reader.id(), window.clone())));
    LISTS.pages_of_seen(&app.db, managed, |seq| KeyValue::Number(*seq)).await
}

/// What takes away some of the bans that ended before `$1`.
pub(crate) fn ended(engine: Engine) -> String {
    format!(
        "DELETE FROM room_bans WHERE (thread_id, user_id) IN \
         (SELECT thread_id, user_id FROM room_bans WHERE until < $1 ORDER BY until LIMIT 500{})",
        engine.skip_locked()
    )
}

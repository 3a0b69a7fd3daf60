//! Who may what. Owns the law for threads and makes the proofs that every thread operation takes; the law for accounts is in
//! `viewer` and `administrator`.
//!
//! A proof can be made here only: its fields are private, and a function that touches a thread asks for one, so that
//! forgetting a check does not compile. A proof is also the rows that were read for it. It says what held at
//! `membership_seq`; a change carries it to [`crate::commit`], which lets the change in only if nothing about membership
//! has moved since. Absent and forbidden answer alike.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use entity::id::{ThreadId, UserId};
use entity::participant::{self, Role};
use entity::thread::{self, ThreadKind};
use sea_orm::{DbErr, EntityTrait, FromQueryResult, IdenStatic, Iterable, QueryResult};

mod administrator;
mod viewer;

pub use administrator::Administrator;
pub use viewer::{Right, SignedIn, Viewer};

use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::infra::keys::{Column, Key};
use crate::room_ban;

/// Proof that the viewer may read a thread.
#[derive(Clone)]
pub struct Reader(Arc<Proof>);

impl PartialEq for Reader {
    fn eq(&self, other: &Self) -> bool {
        self.viewer() == other.viewer() && self.id() == other.id()
    }
}

impl Eq for Reader {}

impl std::hash::Hash for Reader {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.viewer(), self.id()).hash(state);
    }
}

struct Proof {
    viewer: Option<UserId>,
    thread: Arc<thread::Model>,
    /// The viewer's own row, if they take part.
    participant: Option<participant::Model>,
    /// Whether `participant` is as new as `thread`.
    fresh: bool,
}

impl Reader {
    /// The law for reading.
    fn admit(viewer: Option<UserId>, thread: thread::Model, participant: Option<participant::Model>) -> Option<Self> {
        let participant = participant.filter(|row| row.left_at.is_none());
        let may = match thread.kind {
            ThreadKind::Room => true,
            ThreadKind::Direct | ThreadKind::Group => participant.is_some(),
        };
        may.then(|| Self(Arc::new(Proof { viewer, thread: Arc::new(thread), participant, fresh: true })))
    }

    /// The thread, as it was when the proof was made.
    pub fn thread(&self) -> &thread::Model {
        &self.0.thread
    }

    /// The thread's id.
    pub fn id(&self) -> ThreadId {
        self.0.thread.id
    }

    /// Who reads.
    pub fn viewer(&self) -> Option<UserId> {
        self.0.viewer
    }

    /// The viewer's own row, if they take part; an error if it has to be read again.
    pub fn own_row(&self) -> Result<Option<&participant::Model>, Outdated> {
        if self.0.fresh { Ok(self.0.participant.as_ref()) } else { Err(Outdated) }
    }

    /// Whether another proof of the same viewer rests on the very same rows.
    pub fn is_as(&self, other: &Self) -> bool {
        let rows = |reader: &Self| {
            reader.0.fresh.then(|| (reader.0.viewer, reader.0.thread.clone(), reader.0.participant.clone()))
        };
        rows(self).is_some_and(|own| rows(other) == Some(own))
    }

    /// Whether the viewer takes part.
    pub fn takes_part(&self) -> bool {
        self.0.participant.is_some()
    }

    /// Whether the viewer manages the thread.
    pub fn manages(&self) -> bool {
        self.0.participant.as_ref().is_some_and(|row| manages(row.role))
    }

    /// Who takes part in a room is for its members to know.
    pub fn sees_participants(&self) -> bool {
        self.takes_part()
    }

    /// Members show each other that they are there and typing, but for two of whom one has blocked the other.
    pub fn sees_signals(&self) -> bool {
        self.takes_part() && !self.thread().blocked
    }

    /// Whether those who take part may write here: not while the thread is archived, or closed by a block.
    pub fn is_open(&self) -> bool {
        self.thread().archived_at.is_none() && !self.thread().blocked
    }

    /// The same proof with a newer row of the same thread, as the log's reader found it.
    pub(crate) fn at(&self, thread: Arc<thread::Model>) -> Self {
        debug_assert_eq!(thread.id, self.id());
        let participant = self.0.participant.clone();
        Self(Arc::new(Proof { viewer: self.0.viewer, thread, participant, fresh: false }))
    }
}

/// The viewer's own row has to be read again: the proof was carried on to a newer thread.
#[derive(Debug)]
pub struct Outdated;

/// Proof that the viewer takes part in a thread.
#[derive(Clone)]
pub struct Member {
    reader: Reader,
    user_id: UserId,
    role: Role,
}

impl Member {
    /// Who.
    pub fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The proof that they may read it, too.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The thread.
    pub fn thread(&self) -> &thread::Model {
        self.reader.thread()
    }

    /// What the commit compares with the thread's: if it has moved, prove again.
    pub(crate) fn membership_seq(&self) -> i64 {
        self.thread().membership_seq
    }

    /// What they may do.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// Whether they manage the thread, and may delete what others wrote.
    pub fn manages(&self) -> bool {
        manages(self.role)
    }
}

/// Whether a member of this role manages the thread. Nobody does in a direct one: both of the two are members.
pub fn manages(role: Role) -> bool {
    role == Role::Admin
}

/// Proof that the viewer writes in a thread: takes part, and the thread is neither archived nor closed by a block.
#[derive(Clone)]
pub struct Author(Member);

/// Proof that the viewer manages a thread.
#[derive(Clone)]
pub struct Admin(Member);

impl std::ops::Deref for Author {
    type Target = Member;
    fn deref(&self) -> &Member {
        &self.0
    }
}

impl std::ops::Deref for Admin {
    type Target = Member;
    fn deref(&self) -> &Member {
        &self.0
    }
}

/// A thread with the viewer's own row in it, as one statement reads them. `t` and `p` are the aliases.
pub(crate) static THREAD_AND_OWN_ROW: LazyLock<String> = LazyLock::new(|| {
    format!("{}, {}", columns::<thread::Entity>("t", "t_"), columns::<participant::Entity>("p", "p_"))
});

/// The columns of an entity, from the table alias, each with a prefix to its name.
pub(crate) fn columns<E: EntityTrait>(alias: &str, prefix: &str) -> String {
    let columns = E::Column::iter().map(|column| format!("{alias}.{0} AS {prefix}{0}", column.as_str()));
    columns.collect::<Vec<_>>().join(", ")
}

/// What [`THREAD_AND_OWN_ROW`] selects.
#[derive(Clone, PartialEq)]
pub(crate) struct Row {
    thread: thread::Model,
    participant: Option<participant::Model>,
}

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            thread: thread::Model::from_query_result(row, "t_")?,
            participant: participant::Model::from_query_result_optional(row, "p_")?,
        })
    }
}

impl Row {
    /// Applies the law for reading, but for bans: the statements that read rooms from outside leave out those that the viewer is banned
    /// from ([`room_ban::lets_in`]), and who is in one is not banned from it.
    pub(crate) fn admit(self, viewer: &Viewer) -> Option<Reader> {
        Reader::admit(viewer.user_id(), self.thread, self.participant)
    }

    /// As [`Row::admit`], and only if the viewer takes part.
    pub(crate) fn take_part(self, viewer: &Viewer) -> Option<Reader> {
        self.admit(viewer).filter(Reader::takes_part)
    }
}

/// Proofs for those of the threads that the viewer may read; the others are simply missing.
pub async fn readers(app: &App, viewer: &Viewer, ids: &[ThreadId]) -> Result<HashMap<ThreadId, Reader>> {
    let asked = ids.iter().map(|id| (*id, viewer.user_id())).collect();
    let rows = app.proofs.ask(asked, |asked| proofs(app, asked)).await?;
    Ok(rows.into_values().filter_map(|row| row.admit(viewer)).map(|reader| (reader.id(), reader)).collect())
}

/// What a proof is asked by: a thread, and who asks.
pub(crate) type Asked = (ThreadId, Option<UserId>);

struct Answered {
    asked_by: Option<UserId>,
    row: Row,
}

impl FromQueryResult for Answered {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self { asked_by: row.try_get("", "asked_by")?, row: Row::from_query_result(row, prefix)? })
    }
}

/// Threads, each with the own row of whoever asks for it; rooms that somebody is banned from are missing where they ask.
async fn proofs(app: &App, asked: Vec<Asked>) -> Result<HashMap<Asked, Row>> {
    let engine = app.db.engine();
    let columns = [("thread_id", Column::Id), ("user_id", Column::Id)];
    let sql = format!(
        "WITH {} SELECT w.user_id AS asked_by, {} FROM want w {} {}",
        engine.want(&columns, 1),
        *THREAD_AND_OWN_ROW,
        engine.join_each("threads t", &format!("t.id = w.thread_id AND {}", room_ban::lets_in("w.user_id", "$2"))),
        engine.left_join_each("thread_participants p", "p.thread_id = t.id AND p.user_id = w.user_id"),
    );
    let keys = engine.keys(&columns, asked.into_iter().map(|(thread, user)| [thread.into(), Key::of(user)]));
    let rows: Vec<Answered> = app.db.all(sql, [keys, app.clock.now().into()]).await?;
    Ok(rows.into_iter().map(|found| ((found.row.thread.id, found.asked_by), found.row)).collect())
}

/// The law for reading as [`readers`] applies it, for statements that must not find what it would not let through: of the account in
/// one column or parameter, by the time in another. `t` is a thread, `p` the account's own row in it, if there is one.
pub(crate) fn may_read(user: &str, now: &str) -> String {
    let lets_in = room_ban::lets_in(user, now);
    format!("(p.user_id IS NOT NULL AND p.left_at IS NULL OR t.kind = 'room' AND {lets_in})")
}

/// The threads that the viewer may read because they take part in them, which says nothing of rooms; those in which something was said
/// last, so many at the most. No proofs: whoever shows something of them proves it.
pub(crate) async fn private_threads(app: &App, viewer: &Viewer, most: u32) -> Result<Vec<ThreadId>> {
    let sql = format!(
        "SELECT t.id FROM thread_participants p JOIN threads t ON t.id = p.thread_id \
         WHERE p.user_id = $1 AND p.left_at IS NULL AND t.kind <> 'room' ORDER BY t.activity_at DESC, t.id LIMIT {most}"
    );
    let rows: Vec<Named> = app.db.all(sql, [viewer.user_id().into()]).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[derive(FromQueryResult)]
struct Named {
    id: ThreadId,
}

/// Proves that the viewer may read a thread.
pub async fn reader(app: &App, viewer: &Viewer, id: ThreadId) -> Result<Reader> {
    readers(app, viewer, &[id]).await?.remove(&id).ok_or_else(|| Error::not_found("thread_id", "thread"))
}

/// Proves that the viewer takes part in a thread.
pub async fn member(app: &App, viewer: &Viewer, id: ThreadId) -> Result<Member> {
    viewer.require()?;
    let reader = reader(app, viewer, id).await?;
    let Some((user_id, role)) = reader.0.participant.as_ref().map(|row| (row.user_id, row.role)) else {
        return Err(Error::refuse(Code::Forbidden, "thread_id", "Join the room first."));
    };
    Ok(Member { reader, user_id, role })
}

/// Proves that the viewer writes in a thread.
pub async fn author(app: &App, viewer: &Viewer, id: ThreadId) -> Result<Author> {
    let member = member(app, viewer, id).await?;
    not_archived(member.thread())?;
    not_blocked(member.thread())?;
    Ok(Author(member))
}

/// Proves that the viewer manages a group or a room. An archived one can be managed only to take it back.
pub async fn admin(app: &App, viewer: &Viewer, id: ThreadId) -> Result<Admin> {
    let member = member(app, viewer, id).await?;
    if !member.manages() {
        return Err(Error::refuse(Code::Forbidden, "thread_id", "Only an admin of the thread may do this."));
    }
    not_archived(member.thread())?;
    Ok(Admin(member))
}

/// Proves that the viewer may archive a thread or take it back: an admin, or either of the two in a direct one. One that is
/// closed by a block may be put away and not taken back, or the one could go on ringing at the other's inbox.
pub async fn archivist(app: &App, viewer: &Viewer, id: ThreadId, archived: bool) -> Result<Admin> {
    let member = member(app, viewer, id).await?;
    if member.thread().kind != ThreadKind::Direct && !member.manages() {
        return Err(Error::refuse(Code::Forbidden, "id", "Only an admin of the thread may archive it."));
    }
    if !archived {
        not_blocked(member.thread())?;
    }
    Ok(Admin(member))
}

fn not_archived(thread: &thread::Model) -> Result<()> {
    match thread.archived_at {
        None => Ok(()),
        Some(_) => Err(Error::refuse(Code::Archived, "thread_id", "The thread is archived: it is read-only.")),
    }
}

/// Both of the two are told the same, and not which of them it is.
fn not_blocked(thread: &thread::Model) -> Result<()> {
    if thread.blocked {
        return Err(Error::refuse(Code::Forbidden, "thread_id", "Nobody can write in this thread now."));
    }
    Ok(())
}

//! How threads come to be. A new thread's log is empty: nobody could have watched it yet.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use entity::id::{ThreadId, UserId};
use entity::participant::Role;
use entity::thread::ThreadKind;
use entity::user::UserKind;
use entity::{participant, thread};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel};

use super::check_title;
use crate::access::{self, Reader, Viewer};
use crate::app::App;
use crate::assistant;
use crate::block;
use crate::credential;
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::bus::Hint;
use crate::infra::db::{self, Engine};
use crate::text::Checks;
use crate::user;

/// What thread to make.
pub enum New {
    /// Of the viewer and one other; asking twice gives the same thread.
    Direct(UserId),
    /// Of the viewer, its first admin, and others.
    Group {
        /// 1 to 255 characters.
        title: Option<String>,
        /// Who else.
        participants: Vec<UserId>,
    },
    /// Readable by anyone, the viewer being its first admin.
    Room {
        /// 1 to 255 characters.
        title: String,
    },
}

/// Makes a thread. Guests may not; nobody makes one with an account that is not there, or with a guest.
pub async fn create(app: &Arc<App>, viewer: &Viewer, new: New) -> Result<Reader> {
    let creator = viewer.require_account()?.user.id;
    let (kind, title, partners) = match new {
        New::Direct(other) if other == creator => {
            return Err(Error::refuse(Code::Invalid, "user_id", "A direct thread is with somebody else."));
        }
        New::Direct(other) => (ThreadKind::Direct, None, vec![other]),
        New::Group { title, participants } => {
            check_title(title.as_deref())?;
            let most = app.settings.group_members;
            let mut checks = Checks::default();
            checks.require(
                participants.len() <= most,
                Code::TooLong,
                "participant_ids",
                format!("At most {most} at once."),
            );
            checks.done()?;
            (ThreadKind::Group, title, participants)
        }
        New::Room { title } => {
            check_title(Some(&title))?;
            (ThreadKind::Room, Some(title), Vec::new())
        }
    };
    let mut partners = Partners { kind, creator, ids: partners, assistant: None };
    partners.check(app).await?;
    let rows = Rows::new(app, title, partners);
    let members: Vec<UserId> = rows.participants.iter().map(|row| row.user_id).collect();
    let engine = app.db.engine();
    let stored = app.db.write(move |transaction| Box::pin(rows.store(engine, transaction))).await?;
    if let Stored::New(id) = stored {
        members.into_iter().for_each(|member| app.bus.publish(Hint::UserChanged(member, id)));
    }
    access::reader(app, viewer, stored.id()).await
}

/// What a direct thread of two is found by, whichever of them asks.
pub(crate) fn direct_key(one: UserId, other: UserId) -> String {
    format!("{}:{}", one.min(other), one.max(other))
}

/// Whom a thread is made with, in the order in which they were named.
struct Partners {
    kind: ThreadKind,
    creator: UserId,
    ids: Vec<UserId>,
    /// Who of them is the assistant.
    assistant: Option<UserId>,
}

impl Partners {
    /// Everybody but the creator, once.
    fn others(&self) -> BTreeSet<UserId> {
        self.ids.iter().copied().filter(|id| *id != self.creator).collect()
    }

    fn path(&self, index: usize) -> Vec<Cow<'static, str>> {
        match self.kind {
            ThreadKind::Direct => vec!["user_id".into()],
            ThreadKind::Group | ThreadKind::Room => vec!["participant_ids".into(), index.to_string().into()],
        }
    }

    /// Refuses those against whom there is something, each at its place in the input.
    fn refuse(&self, against: impl Fn(UserId) -> Option<Refusal>) -> Result<()> {
        let refusals = self.ids.iter().enumerate();
        let refusals = refusals.filter_map(|(index, id)| Some(Refusal { path: self.path(index), ..against(*id)? }));
        let refusals: Vec<Refusal> = refusals.collect();
        if refusals.is_empty() { Ok(()) } else { Err(Error::Refused(refusals)) }
    }

    /// Refuses accounts that are not there, and guests, and an assistant that can't answer.
    async fn check(&mut self, app: &App) -> Result<()> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let found = user::by_ids(app, &self.ids).await?;
        let is_assistant = |id: &&UserId| found.get(*id).is_some_and(|user| user.kind == UserKind::Assistant);
        self.assistant = self.ids.iter().find(is_assistant).copied();
        self.refuse(|id| match found.get(&id).map(|user| user.kind) {
            None => Some(no_such_account()),
            Some(UserKind::Guest) => {
                Some(Refusal::new(Code::Forbidden, "id", "A guest may take part in public rooms only."))
            }
            Some(UserKind::Assistant) => assistant::require(app, "id").err(),
            Some(UserKind::Human) => None,
        })
    }

    /// What somebody is who did not make the thread.
    fn role(&self, id: UserId) -> Role {
        if self.assistant == Some(id) { Role::Ai } else { Role::Member }
    }

    /// Refuses those whom something keeps apart from the creator, and holds the others until the transaction ends.
    async fn meet(&self, engine: Engine, on: &DatabaseTransaction) -> Result<()> {
        let pairs = self.others().into_iter().map(|other| (self.creator, other));
        let apart = block::apart(engine, on, pairs).await?;
        self.refuse(|id| apart.contains(&(self.creator, id)).then(block::refusal))
    }
}

fn no_such_account() -> Refusal {
    Refusal::new(Code::NotFound, "id", "There is no such account.")
}

enum Stored {
    New(ThreadId),
    Existing(ThreadId),
}

impl Stored {
    fn id(&self) -> ThreadId {
        match self {
            Self::New(id) | Self::Existing(id) => *id,
        }
    }
}

struct Rows {
    partners: Partners,
    thread: thread::Model,
    participants: Vec<participant::Model>,
}

#[derive(FromQueryResult)]
struct Id {
    id: ThreadId,
}

impl Rows {
    fn new(app: &App, title: Option<String>, partners: Partners) -> Self {
        let (kind, creator, others) = (partners.kind, partners.creator, partners.others());
        let now = app.clock.now();
        let id = app.clock.id();
        let partner = others.first().filter(|_| kind == ThreadKind::Direct);
        let direct_key = partner.map(|partner| direct_key(creator, *partner));
        let creator_role = if kind == ThreadKind::Direct { Role::Member } else { Role::Admin };
        let members = others.into_iter().map(|other| (other, partners.role(other)));
        let members = std::iter::once((creator, creator_role)).chain(members);
        let participants: Vec<_> = members.map(|(user_id, role)| new_participant(id, user_id, role, now)).collect();
        let count = i32::try_from(participants.len()).unwrap_or(i32::MAX);
        let shares_receipts = kind != ThreadKind::Room && count <= app.settings.receipts_members;
        let thread = thread::Model {
            id,
            kind,
            title,
            direct_key,
            created_by: Some(creator),
            archived_at: None,
            last_message_at: None,
            activity_at: now,
            last_seq: 0,
            trimmed_seq: 0,
            membership_seq: 0,
            message_count: 0,
            participant_count: count,
            receipts_until_seq: if shares_receipts { None } else { Some(0) },
            blocked: false,
            assistant: partners.assistant.is_some(),
            moved_seq: 0,
            move_look_at: None,
            coming_back: false,
            retention_days: None,
            expired_seq: 0,
            expired_position: 0,
            created_at: now,
            updated_at: now,
        };
        Self { partners, thread, participants }
    }

    async fn existing(&self, engine: Engine, on: &DatabaseTransaction) -> Result<Option<ThreadId>> {
        let Some(key) = self.thread.direct_key.clone() else { return Ok(None) };
        let sql = "SELECT id FROM threads WHERE direct_key = $1";
        Ok(Id::find_by_statement(engine.sql(sql, [key.into()])).one(on).await?.map(|row| row.id))
    }

    async fn store(mut self, engine: Engine, on: &DatabaseTransaction) -> Result<Stored> {
        if let Some(id) = self.existing(engine, on).await? {
            return Ok(Stored::Existing(id));
        }
        let there = block::there(engine, on, self.participants.iter().map(|row| row.user_id)).await?;
        if !there.contains(&self.partners.creator) {
            return Err(credential::ENDED);
        }
        self.partners.refuse(|id| (!there.contains(&id)).then(no_such_account))?;
        self.partners.meet(engine, on).await?;
        // By the database's clock, as everything that inboxes are read by.
        let stamp = db::stamp(on, engine).await?;
        (self.thread.activity_at, self.thread.updated_at) = (stamp, stamp);
        self.participants.iter_mut().for_each(|row| row.changed_at = stamp);
        let id = self.thread.id;
        let unless_raced = OnConflict::column(thread::Column::DirectKey).do_nothing().to_owned();
        let insert = thread::Entity::insert(self.thread.clone().into_active_model()).on_conflict(unless_raced);
        if insert.exec_without_returning(on).await? == 0 {
            // The other of the two made it between our look and our insert, on another connection.
            let existing = self.existing(engine, on).await?;
            return existing
                .map(Stored::Existing)
                .ok_or_else(|| Error::unavailable("a direct thread was made and deleted"));
        }
        let participants = self.participants.into_iter().map(IntoActiveModel::into_active_model);
        participant::Entity::insert_many(participants).exec_without_returning(on).await?;
        if self.thread.kind == ThreadKind::Room {
            let sql = "INSERT INTO room_activity (thread_id, activity_at) VALUES ($1, $2)";
            on.execute_raw(engine.sql(sql, [id.into(), stamp.into()])).await?;
        }
        Ok(Stored::New(id))
    }
}

fn new_participant(thread_id: ThreadId, user_id: UserId, role: Role, now: entity::Timestamp) -> participant::Model {
    participant::Model {
        thread_id,
        user_id,
        role,
        joined_at: now,
        joined_seq: 0,
        left_at: None,
        removed_seq: None,
        last_read_at: None,
        last_read_seq: 0,
        last_read_position: 0,
        last_delivered_seq: 0,
        muted_until: None,
        changed_at: now,
    }
}

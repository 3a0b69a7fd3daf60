//! Invitations: links by which people come into a group by themselves. A code is shown once and stored as SHA-256.
//!
//! An invitation speaks for the admin who made it, and is good for as long as they could add somebody: while they manage the group, and
//! their account is neither gone nor suspended nor at rest. So it ends with them, and nobody has to look for what they left behind. It
//! brings nobody together of whom one has blocked the other; and whoever was removed by an admin comes back only by one that was made
//! after that, since what was handed out before was not meant for them any more, while whoever makes another one knows whom they removed.
//!
//! Why an invitation is not good is not told: unknown, ended, used up, withdrawn and not for oneself answer alike.
//!
//! It is counted under the lock of its thread, so whoever races for the last use, one gets it.

use std::sync::Arc;
use std::time::Duration;

use entity::id::{InvitationId, ThreadId};
use entity::participant::Role;
use entity::thread::ThreadKind;
use entity::{Timestamp, thread, user};
use sea_orm::{DbErr, FromQueryResult, QueryResult};

pub use entity::invitation::Model;

mod accept;
mod store;

pub use accept::{Accepted, accept};
pub(crate) use store::Work;

use crate::access::{self, Admin, Reader, Viewer, columns};
use crate::app::App;
use crate::block;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::keys::Column;
use crate::infra::list::id_of;
use crate::infra::lists::Lists;
use crate::page::{Page, Window};
use crate::session::{Client, digest, may_sign_in, token};
use crate::text::Checks;

/// What every code begins with.
const PREFIX: &str = "lni";
/// Characters that no code is longer than.
const LONGEST: usize = 100;
/// Invitations that a thread has at the most.
const MOST: i64 = 100;
/// For how long one is good if nothing is said, and at the most.
const USUAL: Duration = Duration::from_hours(7 * 24);
const LONGEST_LIFE: Duration = Duration::from_hours(366 * 24);
/// Uses that can be set as a maximum.
const MOST_USES: i32 = 1_000_000;

/// What an invitation is to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What whoever comes by it may do.
    pub role: Role,
    /// How many may come by it; none for any number.
    pub max_uses: Option<i32>,
    /// When it ends; seven days from now, if nothing is said.
    pub expires_at: Option<Timestamp>,
}

/// An invitation that was made.
pub struct Created {
    /// Its row.
    pub invitation: Model,
    /// The code itself, which is nowhere else.
    pub code: String,
}

/// Makes an invitation to a group.
pub async fn create(app: &Arc<App>, viewer: &Viewer, thread_id: ThreadId, draft: Draft) -> Result<Created> {
    let actor = viewer.require()?.user.id;
    let prove = || proof(app, viewer, thread_id);
    prove().await?;
    let now = app.clock.now();
    let expires_at = draft.expires_at.unwrap_or(now + USUAL);
    check(&draft, now, expires_at)?;
    let code = token(app, PREFIX);
    let invitation = Model {
        id: app.clock.id(),
        thread_id,
        created_by: actor,
        code_hash: digest(&code),
        role: draft.role,
        max_uses: draft.max_uses,
        use_count: 0,
        // Given under the lock.
        created_seq: 0,
        created_at: now,
        expires_at,
    };
    let committed = commit::under(app, prove, |proof| Create { proof, invitation: invitation.clone() }).await?;
    Ok(Created { invitation: committed.done, code })
}

fn check(draft: &Draft, now: Timestamp, expires_at: Timestamp) -> Result<()> {
    let mut checks = Checks::default();
    let is_ahead = expires_at > now && expires_at <= now + LONGEST_LIFE;
    checks.require(is_ahead, Code::Invalid, "expires_at", "It must be in the future, and within 366 days.");
    let counts = draft.max_uses.is_none_or(|most| (1..=MOST_USES).contains(&most));
    checks.require(counts, Code::Invalid, "max_uses", format!("From 1 to {MOST_USES}."));
    checks.require(draft.role != Role::Ai, Code::Invalid, "role", "The role AI is for assistants, who are added.");
    checks.done()
}

async fn proof(app: &App, viewer: &Viewer, thread_id: ThreadId) -> Result<Admin> {
    let proof = access::admin(app, viewer, thread_id).await?;
    if proof.thread().kind == ThreadKind::Room {
        let why = "Whoever wants to joins a room: only groups have invitations.";
        return Err(Error::refuse(Code::Forbidden, "thread_id", why));
    }
    Ok(proof)
}

struct Create {
    proof: Admin,
    invitation: Model,
}

impl Change for Create {
    type Done = Model;

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.invitation.created_by);
        needs.invitation_count = true;
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        if batch.invitations.count() >= MOST {
            let why = format!("A thread has at most {MOST} invitations: revoke one that is not used any more.");
            return Err(Refusal::new(Code::TooLong, "thread_id", why).into());
        }
        let invitation = Model { created_seq: batch.thread.last_seq, ..self.invitation.clone() };
        batch.invitations.make(invitation.clone());
        Ok(invitation)
    }
}

/// Withdraws an invitation: nobody comes by it any more. Who came stays. For the admins of its thread.
pub async fn revoke(app: &Arc<App>, viewer: &Viewer, id: InvitationId) -> Result<()> {
    viewer.require()?;
    let gone = || Error::not_found("id", "invitation");
    let found: Option<Model> = app.db.one("SELECT * FROM thread_invitations WHERE id = $1", [id.into()]).await?;
    let thread_id = found.ok_or_else(gone)?.thread_id;
    let prove = || async {
        proof(app, viewer, thread_id).await.map_err(|error| match error {
            // Whoever may not read the thread must not learn that there is one.
            Error::Refused(refusals) if refusals.iter().any(|refusal| refusal.code == Code::NotFound) => gone(),
            other => other.at("id"),
        })
    };
    commit::under(app, prove, |proof| Revoke { proof, id }).await?;
    Ok(())
}

struct Revoke {
    proof: Admin,
    id: InvitationId,
}

impl Change for Revoke {
    type Done = ();

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.proof.user_id());
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        batch.invitations.withdraw(self.id);
        Ok(())
    }
}

const LISTS: Lists = Lists { table: "thread_invitations", owner: "thread_id", key: ("id", Column::Id) };

/// The invitations to groups, the latest first: one page for each. For admins; for others the page is empty.
pub async fn pages(app: &App, asked: &[(Reader, Window<String>)]) -> Result<Vec<Page<Model>>> {
    let managed = asked.iter().map(|(reader, window)| reader.manages().then(|| (reader.id(), window.clone())));
    LISTS.pages_of_seen(&app.db, managed, |id| id_of::<InvitationId>(id).into()).await
}

/// An invitation as its code finds it, with the thread and whoever invites.
struct Found {
    invitation: Model,
    thread: thread::Model,
    inviter: user::Model,
    /// What the inviter is in the thread now; none if they are out.
    inviter_role: Option<Role>,
}

impl FromQueryResult for Found {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        Ok(Self {
            invitation: Model::from_query_result(row, "i_")?,
            thread: thread::Model::from_query_result(row, "t_")?,
            inviter: user::Model::from_query_result(row, "u_")?,
            inviter_role: row.try_get("", "inviter_role")?,
        })
    }
}

/// The invitation that a text is, whether or not it is good.
async fn presented(app: &App, client: &Client, code: &str) -> Result<Option<Found>> {
    // Nobody guesses one; who tries is slowed down all the same.
    app.limits.look(client.ip_address)?;
    if code.len() > LONGEST {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {}, {}, {}, p.role AS inviter_role FROM thread_invitations i \
         JOIN threads t ON t.id = i.thread_id JOIN users u ON u.id = i.created_by \
         LEFT JOIN thread_participants p ON p.thread_id = i.thread_id AND p.user_id = i.created_by AND p.left_at IS NULL \
         WHERE i.code_hash = $1",
        columns::<entity::invitation::Entity>("i", "i_"),
        columns::<thread::Entity>("t", "t_"),
        columns::<user::Entity>("u", "u_"),
    );
    app.db.one(sql, [digest(code).into()]).await
}

/// Whether an invitation has neither ended nor been used up.
fn is_open(invitation: &Model, now: Timestamp) -> bool {
    invitation.expires_at > now && invitation.max_uses.is_none_or(|most| invitation.use_count < most)
}

/// What whoever holds a code is shown before they come.
pub struct Preview {
    /// Who invites.
    pub inviter: entity::id::UserId,
    /// What the thread is called.
    pub title: Option<String>,
    /// How many take part.
    pub participant_count: i32,
}

/// The thread behind a code, as far as it is shown; none if the code is not good, or not for the viewer.
pub async fn preview(app: &App, client: &Client, viewer: &Viewer, code: &str) -> Result<Option<Preview>> {
    let Some(found) = presented(app, client, code).await? else { return Ok(None) };
    let is_good = is_open(&found.invitation, app.clock.now())
        && found.thread.archived_at.is_none()
        && found.inviter_role.is_some_and(access::manages)
        && may_sign_in(&found.inviter);
    if !is_good || !lets_in(app, viewer, &found.invitation).await? {
        return Ok(None);
    }
    Ok(Some(Preview {
        inviter: found.invitation.created_by,
        title: found.thread.title,
        participant_count: found.thread.participant_count,
    }))
}

#[derive(FromQueryResult)]
struct Kept {
    #[expect(dead_code, reason = "that there is a row is all that matters")]
    found: i32,
}

/// Whether it is for the viewer: not for whom the inviter has blocked, nor the other way round, nor for who was removed since.
async fn lets_in(app: &App, viewer: &Viewer, invitation: &Model) -> Result<bool> {
    let Some(user_id) = viewer.user_id() else { return Ok(true) };
    let sql = format!(
        "SELECT 1 AS found FROM users u WHERE u.id = $1 AND NOT (TRUE{}) \
         UNION ALL SELECT 1 FROM thread_participants WHERE thread_id = $3 AND user_id = $2 AND removed_seq > $4",
        block::hides("u.id", 2)
    );
    let values =
        [invitation.created_by.into(), user_id.into(), invitation.thread_id.into(), invitation.created_seq.into()];
    let kept: Option<Kept> = app.db.one(sql, values).await?;
    Ok(kept.is_none())
}

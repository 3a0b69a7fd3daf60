//! Changes to who takes part. Each moves `membership_seq`, so that no write made under an older proof slips in behind it.

use super::*;
use crate::access::Administrator;
use crate::assistant;
use crate::room_ban;
use crate::thread::lobby_id;

/// A participant that was changed, or was already as asked, and where the log stands.
pub struct Changed {
    /// The proof to read the thread.
    pub reader: Reader,
    /// The participant as they are now; for one who was removed, as they were.
    pub participant: participant::Model,
    /// The end of the log with the change in it.
    pub seq: i64,
}

/// Adds somebody to a group or room; whoever was banned from the room no longer is. No harm if they are in already.
pub async fn add(app: &Arc<App>, viewer: &Viewer, thread_id: ThreadId, user_id: UserId, role: Role) -> Result<Changed> {
    let actor = viewer.require()?.user.id;
    let prove = || access::admin(app, viewer, thread_id);
    let kind = prove().await?.thread().kind;
    let target = user::by_ids(app, &[user_id]).await?.remove(&user_id);
    let target = target.ok_or_else(|| Error::not_found("user_id", "account"))?;
    if target.kind == UserKind::Guest && kind == ThreadKind::Group {
        return Err(Error::refuse(Code::Forbidden, "user_id", "A guest may take part in public rooms only."));
    }
    check_role(role, target.kind)?;
    if target.kind == UserKind::Assistant {
        assistant::require(app, "user_id")?;
    }
    managed(app, prove, |proof| Managed { proof, actor, user_id, act: Act::Add(role) }).await
}

/// Removes somebody from a group or room; from a room also for the future, until an admin adds them again or lifts the ban.
pub async fn remove(app: &Arc<App>, viewer: &Viewer, thread_id: ThreadId, user_id: UserId) -> Result<Changed> {
    let actor = viewer.require()?.user.id;
    let prove = || access::admin(app, viewer, thread_id);
    if actor == user_id {
        prove().await?;
        return Err(Error::refuse(Code::Invalid, "user_id", "To go yourself, use threadLeave."));
    }
    managed(app, prove, |proof| Managed { proof, actor, user_id, act: Act::Remove }).await
}

/// Gives somebody another role. The last admin keeps theirs, but in the lobby.
pub async fn set_role(
    app: &Arc<App>,
    viewer: &Viewer,
    thread_id: ThreadId,
    user_id: UserId,
    role: Role,
) -> Result<Changed> {
    let actor = viewer.require()?.user.id;
    let prove = || access::admin(app, viewer, thread_id);
    prove().await?;
    if let Some(target) = user::by_ids(app, &[user_id]).await?.get(&user_id) {
        check_role(role, target.kind)?;
    }
    managed(app, prove, |proof| Managed { proof, actor, user_id, act: Act::SetRole(role) }).await
}

/// The role `ai` is for assistants, and the others for everybody else.
fn check_role(role: Role, kind: UserKind) -> Result<()> {
    if (role == Role::Ai) == (kind == UserKind::Assistant) {
        return Ok(());
    }
    Err(Error::refuse(Code::Invalid, "role", "The role AI is for assistants, and for them alone."))
}

async fn managed<F: Future<Output = Result<Admin>> + Send>(
    app: &Arc<App>,
    prove: impl Fn() -> F,
    make: impl Fn(Admin) -> Managed,
) -> Result<Changed> {
    let committed = commit::under(app, prove, make).await?;
    let (proof, participant, seq) = committed.done;
    Ok(Changed { reader: proof.reader().at(committed.thread), participant, seq })
}

enum Act {
    Add(Role),
    Remove,
    SetRole(Role),
}

struct Managed {
    proof: Admin,
    actor: UserId,
    user_id: UserId,
    act: Act,
}

impl Managed {
    fn last_admin(&self, batch: &Batch) -> bool {
        let is_admin = batch.participant(self.user_id).is_some_and(|row| row.role == Role::Admin);
        is_admin && batch.thread.id != lobby_id() && batch.other_admin(self.user_id).is_none()
    }
}

impl Change for Managed {
    type Done = (Admin, participant::Model, i64);

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.user_id);
        needs.bans.insert(self.user_id);
        needs.succession |= matches!(self.act, Act::SetRole(_));
        if matches!(self.act, Act::Add(_)) && self.actor != self.user_id {
            needs.meetings.insert((self.actor, self.user_id));
        }
        if matches!(self.act, Act::Add(_)) {
            needs.arrivals.insert(self.user_id);
        }
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        let present = batch.participant(self.user_id).cloned();
        let absent = || Denied::from(Refusal::new(Code::NotFound, "user_id", "They do not take part in this thread."));
        let row = match (&self.act, present) {
            (Act::Add(_), Some(row)) => row,
            (Act::Add(_), None) if !batch.there.contains(&self.user_id) => {
                return Err(Refusal::new(Code::NotFound, "user_id", "There is no such account.").into());
            }
            (Act::Add(_), None) if batch.apart.contains(&(self.actor, self.user_id)) => {
                return Err(block::refusal().into());
            }
            (Act::Add(role), None) => {
                batch.lift_ban(self.user_id);
                batch.admit(self.user_id, *role, self.actor)
            }
            (Act::Remove, present) => {
                let row = present.ok_or_else(absent)?;
                let told = batch.dismiss(self.user_id, self.actor);
                if let (ThreadKind::Room, Some(seq)) = (batch.thread.kind, told) {
                    batch.keep_out(self.user_id, self.actor, None, None, seq);
                }
                row
            }
            (Act::SetRole(role), present) => {
                let mut row = present.ok_or_else(absent)?;
                if row.role != *role {
                    if self.last_admin(batch) {
                        let why = "They are the last admin: make somebody else one first.";
                        return Err(Refusal::new(Code::Conflict, "role", why).into());
                    }
                    batch.set_role(self.user_id, *role, self.actor);
                    row.role = *role;
                }
                row
            }
        };
        Ok((self.proof.clone(), row, batch.thread.last_seq))
    }
}

/// Joins a room; no harm if one is in already.
pub async fn join(app: &Arc<App>, viewer: &Viewer, thread_id: ThreadId) -> Result<Changed> {
    let user_id = viewer.require()?.user.id;
    if let Some(ban) = room_ban::of_viewer(app, viewer, thread_id).await? {
        return Err(room_ban::refusal(ban.until).into());
    }
    let found = access::reader(app, viewer, thread_id).await.map_err(|error| error.at("id"))?;
    if found.thread().kind != ThreadKind::Room {
        // Whoever can see it takes part already.
        let row = found.own_row().ok().flatten().cloned().ok_or_else(|| Error::not_found("id", "thread"))?;
        let seq = found.thread().last_seq;
        return Ok(Changed { reader: found, participant: row, seq });
    }
    // The lobby is nobody's, so it is for those who administer the installation to manage.
    let manages = thread_id == lobby_id() && Administrator::prove(app, viewer).await?.is_some();
    let role = if manages { Role::Admin } else { Role::Member };
    match commit::submit(app, thread_id, Join { user_id, role }).await? {
        Ok(committed) => {
            // Whoever took it from them meanwhile may have found nothing to take in the lobby yet.
            if manages && Administrator::prove(app, viewer).await?.is_none() {
                resign(app, user_id).await?;
            }
            let reader = access::reader(app, viewer, thread_id).await?;
            let (participant, seq) = committed.done;
            Ok(Changed { reader, participant, seq })
        }
        Err(Denied::Refused(refusal)) => Err(refusal.into()),
        Err(Denied::Stale) => Err(Error::internal("joining carries no proof that could be stale")),
    }
}

struct Join {
    user_id: UserId,
    role: Role,
}

impl Change for Join {
    type Done = (participant::Model, i64);

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.user_id);
        needs.bans.insert(self.user_id);
        needs.arrivals.insert(self.user_id);
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        if !batch.there.contains(&self.user_id) {
            return Err(Refusal::new(Code::Forbidden, "id", "Your account was deleted.").into());
        }
        if let Some(row) = batch.participant(self.user_id) {
            return Ok((row.clone(), batch.thread.last_seq));
        }
        if batch.thread.archived_at.is_some() {
            return Err(Refusal::new(Code::Archived, "id", "The room is archived: it is read-only.").into());
        }
        if let Some(ban) = batch.ban_of(self.user_id) {
            return Err(room_ban::refusal(ban.until).into());
        }
        let row = batch.admit(self.user_id, self.role, self.user_id);
        Ok((row, batch.thread.last_seq))
    }
}

/// Takes from an account what it got in the lobby for administering the installation. No harm if that is nothing.
pub(crate) async fn resign(app: &Arc<App>, user_id: UserId) -> Result<()> {
    match commit::submit(app, lobby_id(), Resign { user_id }).await? {
        // There is no lobby.
        Err(Denied::Refused(_)) | Ok(_) => Ok(()),
        Err(Denied::Stale) => Err(Error::internal("resigning carries no proof that could be stale")),
    }
}

struct Resign {
    user_id: UserId,
}

impl Change for Resign {
    type Done = ();

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.user_id);
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        if batch.participant(self.user_id).is_some_and(|row| row.role == Role::Admin) {
            batch.set_role(self.user_id, Role::Member, self.user_id);
        }
        Ok(())
    }
}

/// Leaves a group or room. When its last admin goes, the longest-standing member becomes one, but not in the lobby.
pub async fn leave(app: &Arc<App>, viewer: &Viewer, thread_id: ThreadId) -> Result<ThreadId> {
    let user_id = viewer.require()?.user.id;
    let prove = || async {
        let member = access::member(app, viewer, thread_id).await.map_err(|error| error.at("id"))?;
        if member.thread().kind == ThreadKind::Direct {
            return Err(Error::refuse(Code::Forbidden, "id", "A direct thread is for ever; mute it instead."));
        }
        Ok(Box::new(member))
    };
    commit::under(app, prove, |proof| Leave { proof: *proof, user_id }).await?;
    Ok(thread_id)
}

struct Leave {
    proof: Member,
    user_id: UserId,
}

impl Change for Leave {
    type Done = ();

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.user_id);
        needs.succession = true;
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        go(batch, self.user_id);
        Ok(())
    }
}

/// Lets somebody go, and somebody else become admin if nobody else is: but not in the lobby, which is nobody's to inherit.
fn go(batch: &mut Batch, user_id: UserId) {
    let was_admin = batch.participant(user_id).is_some_and(|row| row.role == Role::Admin);
    let successor = if was_admin && batch.thread.id != lobby_id() { batch.successor(user_id) } else { None };
    batch.dismiss(user_id, user_id);
    if let Some(successor) = successor {
        batch.set_role(successor, Role::Admin, user_id);
    }
}

/// Takes a deleted account out of a thread of any kind. No harm if it is in no longer.
pub(crate) async fn vanish(app: &Arc<App>, thread_id: ThreadId, user_id: UserId) -> Result<()> {
    commit::submit(app, thread_id, Vanish { user_id }).await.map(drop)
}

struct Vanish {
    user_id: UserId,
}

impl Change for Vanish {
    type Done = ();

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.user_id);
        needs.succession = true;
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        go(batch, self.user_id);
        Ok(())
    }
}

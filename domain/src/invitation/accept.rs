//! Coming in by an invitation.

use std::sync::Arc;

use entity::id::{InvitationId, ThreadId, UserId};

use super::{is_open, presented};
use crate::access::{self, Reader, Viewer};
use crate::app::App;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Error, Refusal, Result};
use crate::session::Client;

/// Somebody who takes part now.
pub struct Accepted {
    /// The proof to read the thread.
    pub reader: Reader,
    /// The end of the log with them in it.
    pub seq: i64,
}

/// Brings the viewer into the thread of an invitation. Who is in already stays as they are, and uses nothing up.
pub async fn accept(app: &Arc<App>, client: &Client, viewer: &Viewer, code: &str) -> Result<Accepted> {
    let user_id = viewer.require_account()?.user.id;
    let found = presented(app, client, code).await?.ok_or_else(no_good)?.invitation;
    let (thread_id, inviter) = (found.thread_id, found.created_by);
    match commit::submit(app, thread_id, Accept { id: found.id, thread_id, inviter, user_id }).await? {
        Ok(committed) => {
            let reader = access::reader(app, viewer, thread_id).await?;
            Ok(Accepted { reader, seq: committed.done })
        }
        Err(Denied::Refused(refusal)) => Err(refusal.into()),
        Err(Denied::Stale) => Err(Error::internal("coming by an invitation carries no proof that could be stale")),
    }
}

/// The one answer to all that are not good.
fn no_good() -> Refusal {
    Refusal::new(Code::NotFound, "code", "There is no such invitation, or it is not good any more.")
}

struct Accept {
    id: InvitationId,
    thread_id: ThreadId,
    inviter: UserId,
    user_id: UserId,
}

impl Change for Accept {
    type Done = i64;

    fn needs(&self, needs: &mut Needs) {
        needs.participants.extend([self.inviter, self.user_id]);
        needs.invitations.insert(self.id);
        needs.writers.extend([self.inviter, self.user_id]);
        needs.arrivals.insert(self.user_id);
        if self.inviter != self.user_id {
            needs.meetings.insert((self.inviter, self.user_id));
        }
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        debug_assert_eq!(batch.thread.id, self.thread_id);
        if batch.participant(self.user_id).is_some() {
            return Ok(batch.thread.last_seq);
        }
        let invitation = batch.invitations.get(self.id).filter(|row| is_open(row, batch.now)).cloned();
        let invitation = invitation.ok_or_else(no_good)?;
        let inviter_manages = batch.participant(self.inviter).is_some_and(|row| access::manages(row.role));
        let is_removed = batch.removed_since(self.user_id, invitation.created_seq);
        let is_apart = batch.apart.contains(&(self.inviter, self.user_id));
        let are_active = [self.inviter, self.user_id].iter().all(|id| batch.active.contains(id));
        let is_there = batch.there.contains(&self.user_id);
        if !inviter_manages || is_removed || is_apart || !are_active || !is_there || batch.thread.archived_at.is_some()
        {
            return Err(no_good().into());
        }
        batch.invitations.count_use(self.id);
        batch.admit(self.user_id, invitation.role, self.user_id);
        Ok(batch.thread.last_seq)
    }
}

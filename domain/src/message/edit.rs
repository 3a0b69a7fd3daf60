//! Editing and deleting: one's own; admins of a group or room delete anybody's.

use std::sync::Arc;

use entity::id::{MessageId, UserId};
use entity::thread_event::EventKind;
use entity::{message, message_revision};

use super::author_of;
use crate::access::{Author, Reader, Viewer};
use crate::app::App;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Refusal, Result};
use crate::mention::{self, Named};
use crate::text::Checks;

/// A message that was changed, or was already as it should be.
pub struct Changed {
    /// The proof to read it.
    pub reader: Reader,
    /// The message as it is now.
    pub message: message::Model,
    /// Where the log stands with the change in it.
    pub seq: i64,
}

/// Says something else from now on; what it said is kept as a revision. With `expected_version`, refuses with
/// [`Code::Conflict`] if the message has moved on.
pub async fn edit(
    app: &Arc<App>,
    viewer: &Viewer,
    id: MessageId,
    content: String,
    expected_version: Option<i32>,
) -> Result<Changed> {
    let actor = viewer.require()?.user.id;
    let mut checks = Checks::default();
    checks.text("content", &content, app.settings.message_length);
    checks.done()?;
    let names = mention::named(&content);
    let act = Act::Edit { content, names, expected_version };
    change(app, viewer, actor, id, act).await
}

/// Takes away what a message says, for everyone and in every revision; its place stays.
pub async fn delete(app: &Arc<App>, viewer: &Viewer, id: MessageId) -> Result<Changed> {
    let actor = viewer.require()?.user.id;
    change(app, viewer, actor, id, Act::Delete).await
}

async fn change(app: &Arc<App>, viewer: &Viewer, actor: UserId, id: MessageId, act: Act) -> Result<Changed> {
    let act = Arc::new(act);
    let prove = || author_of(app, viewer, "id", id);
    let committed = commit::under(app, prove, |proof| MessageChange { proof, actor, id, act: act.clone() }).await?;
    let (proof, message, seq) = committed.done;
    Ok(Changed { reader: proof.reader().at(committed.thread), message, seq })
}

enum Act {
    Edit { content: String, names: Named, expected_version: Option<i32> },
    Delete,
}

struct MessageChange {
    proof: Author,
    actor: UserId,
    id: MessageId,
    act: Arc<Act>,
}

impl MessageChange {
    fn edit(
        &self,
        batch: &mut Batch,
        row: message::Model,
        (content, names): (&str, &Named),
        expected: Option<i32>,
    ) -> Result<(), Denied> {
        if row.deleted_at.is_some() {
            return Err(Refusal::new(Code::Conflict, "id", "The message has been deleted.").into());
        }
        if expected.is_some_and(|version| version != row.version) {
            let why = format!("The message is at version {} by now.", row.version);
            return Err(Refusal::new(Code::Conflict, "expected_version", why).into());
        }
        if row.content.as_deref() == Some(content) {
            return Ok(());
        }
        if !names.is_empty() || row.content.as_deref().is_some_and(|before| before.contains('@')) {
            batch.mention(self.id, names);
        }
        batch.keep_revision(message_revision::Model {
            message_id: row.id,
            version: row.version,
            content: row.content.unwrap_or_default(),
            created_at: row.edited_at.unwrap_or(row.created_at),
        });
        let now = batch.now;
        if let Some(row) = batch.message_mut(self.id) {
            row.content = Some(content.to_owned());
            row.version += 1;
            row.edited_at = Some(now);
        }
        batch.append(EventKind::MessageEdited, self.actor, Some(self.id), None);
        batch.touch();
        Ok(())
    }
}

impl Change for MessageChange {
    type Done = (Author, message::Model, i64);

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.actor);
        needs.messages.insert(self.id);
        if let Act::Edit { names, .. } = &*self.act {
            needs.names.extend(names.keys());
        }
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        let gone = || Denied::from(Refusal::new(Code::NotFound, "id", "There is no such message."));
        let row = batch.message(self.id).ok_or_else(gone)?.clone();
        let own = row.sender_id == Some(self.actor);
        match &*self.act {
            Act::Edit { content, names, expected_version } => {
                if !own {
                    return Err(Refusal::new(Code::Forbidden, "id", "Only its sender may edit a message.").into());
                }
                self.edit(batch, row, (content, names), *expected_version)?;
            }
            Act::Delete => {
                if !own && !self.proof.manages() {
                    let why = "Only its sender or an admin of the thread may delete a message.";
                    return Err(Refusal::new(Code::Forbidden, "id", why).into());
                }
                if row.deleted_at.is_none() {
                    batch.erase(self.id, Some(self.actor));
                }
            }
        }
        let row = batch.message(self.id).ok_or_else(gone)?.clone();
        Ok((self.proof.clone(), row, batch.thread.last_seq))
    }
}

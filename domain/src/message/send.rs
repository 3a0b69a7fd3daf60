//! Sending: validate, prove, commit. The same key gives the same message, however often and in whatever hurry.

use std::collections::HashSet;
use std::sync::Arc;

use entity::id::{AttachmentId, MessageId, ThreadId, UploadId, UserId};
use entity::{Timestamp, message, message_attachment};
use sha2::{Digest, Sha256};

use crate::access::{self, Author, Reader, Viewer};
use crate::app::App;
use crate::assistant::Call;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Refusal, Result};
use crate::mention::{self, Named};
use crate::text::Checks;
use crate::upload;

/// A message as its sender wrote it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Where it goes.
    pub thread_id: ThreadId,
    /// What it says: 1 to `message_length` characters.
    pub content: String,
    /// Unique per sender and thread: sending again with it gives the first message. 1 to 100 characters.
    pub client_key: Option<String>,
    /// What it replies to; a reply to a reply goes to its parent.
    pub parent_id: Option<MessageId>,
    /// Whatever the client wants to keep with it.
    pub metadata: Option<serde_json::Value>,
    /// Files.
    pub attachments: Vec<AttachmentDraft>,
}

/// A file that a draft carries.
#[derive(Debug, Clone)]
pub struct AttachmentDraft {
    /// The file.
    pub file: FileDraft,
    /// Whatever the client wants to keep with it.
    pub metadata: Option<serde_json::Value>,
}

/// A file, here or elsewhere.
#[derive(Debug, Clone)]
pub enum FileDraft {
    /// One that is somewhere on the web.
    Elsewhere {
        /// An http or https address.
        url: String,
        /// The media type.
        media_type: String,
        /// The file's name.
        name: String,
        /// Bytes.
        size: i32,
    },
    /// One that its sender has put here.
    Here(UploadId),
}

impl Draft {
    /// What of its files its sender has put here.
    fn uploads(&self) -> impl Iterator<Item = UploadId> {
        self.attachments.iter().filter_map(|draft| match draft.file {
            FileDraft::Here(id) => Some(id),
            FileDraft::Elsewhere { .. } => None,
        })
    }
}

/// A message that is stored.
pub struct Sent {
    /// The proof to read it.
    pub reader: Reader,
    /// The message.
    pub message: message::Model,
}

/// Sends a message. Refuses blank, too long or malformed fields, a parent that is not in the thread, an archived thread,
/// and with [`Code::Conflict`] a key that was used for something else.
pub async fn send(app: &Arc<App>, viewer: &Viewer, draft: Draft) -> Result<Sent> {
    let sender = viewer.require()?.user.id;
    check(app, &draft)?;
    let hash = fingerprint(&draft);
    let thread_id = draft.thread_id;
    // Ids and the time are given once, so that applying the change again makes the same message.
    let id = app.clock.id();
    let names = Arc::new(mention::named(&draft.content));
    let call = Call::of(app, &names);
    let attachment_ids: Vec<AttachmentId> = draft.attachments.iter().map(|_| app.clock.id()).collect();
    let draft = Arc::new(draft);
    let committed = commit::under(
        app,
        || access::author(app, viewer, thread_id),
        |proof| SendChange {
            proof,
            sender,
            id,
            attachment_ids: attachment_ids.clone(),
            draft: draft.clone(),
            hash: hash.clone(),
            call,
            names: names.clone(),
        },
    );
    let committed = committed.await?;
    let (proof, message) = committed.done;
    Ok(Sent { reader: proof.reader().at(committed.thread), message })
}

fn check(app: &App, draft: &Draft) -> Result<()> {
    let mut checks = Checks::default();
    checks.text("content", &draft.content, app.settings.message_length);
    if let Some(key) = &draft.client_key {
        checks.text("client_key", key, 100);
    }
    checks.json("metadata", draft.metadata.as_ref(), app.settings.metadata_bytes);
    let most = app.settings.message_attachments;
    let few = draft.attachments.len() <= most;
    checks.require(few, Code::TooLong, "attachments", format!("At most {most} attachments."));
    let mut seen = HashSet::new();
    checks.require(
        draft.uploads().all(|id| seen.insert(id)),
        Code::Invalid,
        "attachments",
        "A message carries each upload once.",
    );
    for (index, file) in draft.attachments.iter().enumerate() {
        let mut of_file = Checks::default();
        if let FileDraft::Elsewhere { url, media_type, name, size } = &file.file {
            of_file.text("url", url, 2000);
            of_file.url("url", Some(url), 2000);
            of_file.text("type", media_type, 127);
            of_file.text("name", name, 255);
            of_file.require(*size >= 0, Code::Invalid, "size", "It must not be negative.");
        }
        of_file.json("metadata", file.metadata.as_ref(), app.settings.metadata_bytes);
        checks.take(of_file, |refusal| refusal.within(index.to_string()).within("attachments"));
    }
    checks.done()
}

/// Sixteen bytes that tell whether the same key comes with the same draft, even after an edit.
fn fingerprint(draft: &Draft) -> Vec<u8> {
    let attachments: Vec<_> = draft
        .attachments
        .iter()
        .map(|AttachmentDraft { file, metadata }| match file {
            FileDraft::Elsewhere { url, media_type, name, size } => {
                serde_json::json!([url, media_type, name, size, metadata])
            }
            FileDraft::Here(id) => serde_json::json!([id.to_string(), metadata]),
        })
        .collect();
    let parent = draft.parent_id.map(|id| id.to_string());
    let whole = serde_json::json!([draft.content, parent, draft.metadata, attachments]);
    Sha256::digest(whole.to_string().as_bytes())[..16].to_vec()
}

struct SendChange {
    proof: Author,
    sender: UserId,
    id: MessageId,
    attachment_ids: Vec<AttachmentId>,
    draft: Arc<Draft>,
    hash: Vec<u8>,
    call: Call,
    names: Arc<Named>,
}

impl SendChange {
    fn message(&self, parent_id: Option<MessageId>, now: Timestamp) -> message::Model {
        message::Model {
            id: self.id,
            thread_id: self.draft.thread_id,
            sender_id: Some(self.sender),
            // Both are given by the batch.
            seq: 0,
            position: 0,
            content: Some(self.draft.content.clone()),
            parent_id,
            metadata: self.draft.metadata.clone(),
            client_key: self.draft.client_key.clone(),
            send_hash: self.draft.client_key.is_some().then(|| self.hash.clone()),
            version: 1,
            created_at: now,
            edited_at: None,
            deleted_at: None,
            updated_at: now,
        }
    }

    fn attachments(&self, batch: &Batch) -> Result<Vec<message_attachment::Model>, Refusal> {
        let mut rows = Vec::with_capacity(self.draft.attachments.len());
        for (index, (id, draft)) in self.attachment_ids.iter().zip(&self.draft.attachments).enumerate() {
            let at = |refusal: Refusal| refusal.within(index.to_string()).within("attachments");
            rows.push(self.attachment(*id, draft, batch).map_err(at)?);
        }
        Ok(rows)
    }

    fn attachment(
        &self,
        id: AttachmentId,
        draft: &AttachmentDraft,
        batch: &Batch,
    ) -> Result<message_attachment::Model, Refusal> {
        let row = |url: &str, media_type: &str, name: &str, size: i32| message_attachment::Model {
            id,
            message_id: self.id,
            url: url.to_owned(),
            media_type: media_type.to_owned(),
            name: name.to_owned(),
            size,
            metadata: draft.metadata.clone(),
            created_at: batch.now,
            upload_id: None,
            width: None,
            height: None,
            has_thumbnail: false,
        };
        Ok(match &draft.file {
            FileDraft::Elsewhere { url, media_type, name, size } => row(url, media_type, name, *size),
            FileDraft::Here(upload_id) => {
                let file = upload::usable(batch.upload(*upload_id), self.sender)?;
                message_attachment::Model {
                    upload_id: Some(file.id),
                    width: file.width,
                    height: file.height,
                    has_thumbnail: file.thumbnail_type.is_some(),
                    ..row("", file.media_type.as_deref().unwrap_or(&file.declared_type), &file.name, file.size)
                }
            }
        })
    }
}

impl Change for SendChange {
    type Done = (Author, message::Model);

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.sender);
        needs.keys.extend(self.draft.client_key.clone().map(|key| (self.sender, key)));
        needs.messages.extend(self.draft.parent_id);
        needs.uploads.extend(self.draft.uploads());
        needs.names.extend(self.names.keys());
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        if let Some(sent) = self.draft.client_key.as_ref().and_then(|key| batch.sent_with(self.sender, key)) {
            if sent.send_hash.as_deref() == Some(&self.hash[..]) {
                return Ok((self.proof.clone(), sent.clone()));
            }
            let why = "This key was used for another message in this thread.";
            return Err(Refusal::new(Code::Conflict, "client_key", why).into());
        }
        let parent_id = match self.draft.parent_id {
            None => None,
            Some(parent) => {
                let row = batch.message(parent);
                let row =
                    row.ok_or_else(|| Refusal::new(Code::Invalid, "parent_id", "It is not a message of this thread."))?;
                Some(row.parent_id.unwrap_or(row.id))
            }
        };
        let row = self.message(parent_id, batch.now);
        let attachments = self.attachments(batch)?;
        if self.call.reaches(&batch.thread) {
            batch.assistant.ask(self.id);
        }
        let posted = batch.post(row, attachments, self.sender);
        if !self.names.is_empty() {
            batch.mention(self.id, &self.names);
        }
        Ok((self.proof.clone(), posted))
    }
}

//! Files that messages carry.

use std::borrow::Cow;

use async_graphql::{Context, ID, InputObject, Object};
use domain::message::{AttachmentDraft, FileDraft};
use domain::text::Checks;
use domain::{Code, Refusal, attachment};
use entity::id::{TypedId, UploadId};
use entity::message_attachment;

use super::budget::Budget;
use super::nullable::{Nullable, Required};
use super::scalar::{DateTime, Json};
use super::scope::app;

/// A file that a message carries.
#[derive(Clone)]
pub(crate) struct Attachment(pub(crate) message_attachment::Model);

/// A file that a message carries.
#[Object]
impl Attachment {
    /// The attachment's id: `att_…`.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Where it is. That of a file that was uploaded is a path from the root of this API, such as `/files/…`: it is enough by
    /// itself, good for one to two hours, and the same for an hour, so that it can be cached. Ask for the attachment again when it
    /// has run out.
    async fn url(&self, ctx: &Context<'_>) -> Required<Cow<'_, str>> {
        Required::of(async {
            let url = attachment::url(app(ctx), &self.0);
            Budget::spend(ctx, url.len())?;
            Ok(url)
        })
        .await
    }

    /// Where a small picture of it is, at most 512 pixels wide and high: of uploaded images of the types PNG, JPEG, GIF (the first
    /// picture) and WebP. Good for as long as `url`, and a path as that is. Null if there is none.
    async fn thumbnail_url(&self, ctx: &Context<'_>) -> Nullable<String> {
        Nullable::of(async {
            let url = attachment::thumbnail_url(app(ctx), &self.0);
            Budget::spend(ctx, url.as_ref().map_or(0, String::len))?;
            Ok(url)
        })
        .await
    }

    /// How many pixels it is wide, as it is to be looked at; of uploaded images that could be read.
    async fn width(&self) -> Option<i32> {
        self.0.width
    }

    /// How many pixels it is high, as it is to be looked at; of uploaded images that could be read.
    async fn height(&self) -> Option<i32> {
        self.0.height
    }

    /// Its media type, such as `image/png`. Of a file that was uploaded: what its content says.
    #[graphql(name = "type")]
    async fn media_type(&self) -> &str {
        &self.0.media_type
    }

    /// The file's name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its size in bytes.
    async fn size(&self) -> i32 {
        self.0.size
    }

    /// What its client kept with it.
    async fn metadata(&self, ctx: &Context<'_>) -> Nullable<Json> {
        Nullable::of(async { Json::within(ctx, self.0.metadata.as_ref()) }).await
    }

    /// When it was sent.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }
}

/// A file to send with a message: one that you have put here, by `uploadId`; or one that is elsewhere, by `url`, `type`, `name` and
/// `size`.
#[derive(InputObject)]
pub(crate) struct AttachmentInput {
    /// What attachmentUploadCreate gave you, once the file is there. It brings its name, type and size along.
    upload_id: Option<ID>,
    /// Where it is, if it is elsewhere: an http or https address.
    url: Option<String>,
    /// Its media type, such as `image/png`.
    #[graphql(name = "type")]
    media_type: Option<String>,
    /// The file's name: 1 to 255 characters.
    name: Option<String>,
    /// Its size in bytes.
    size: Option<i32>,
    /// Whatever the client wants to keep with it.
    metadata: Option<Json>,
}

/// What attachments are to be, or all that is wrong with how they are given.
pub(crate) fn drafts(inputs: Vec<AttachmentInput>) -> domain::Result<Vec<AttachmentDraft>> {
    let (mut checks, mut drafts) = (Checks::default(), Vec::with_capacity(inputs.len()));
    for (index, input) in inputs.into_iter().enumerate() {
        let mut of_input = Checks::default();
        drafts.extend(draft(input, &mut of_input));
        checks.take(of_input, |refusal| refusal.within(index.to_string()).within("attachments"));
    }
    checks.done()?;
    Ok(drafts)
}

fn draft(input: AttachmentInput, checks: &mut Checks) -> Option<AttachmentDraft> {
    let AttachmentInput { upload_id, url, media_type, name, size, metadata } = input;
    let metadata = metadata.map(|json| json.0);
    let given =
        [("url", url.is_some()), ("type", media_type.is_some()), ("name", name.is_some()), ("size", size.is_some())];
    if let Some(id) = upload_id {
        for (field, is_given) in given {
            checks.require(!is_given, Code::Invalid, field, "The upload has one: leave it out beside `uploadId`.");
        }
        match UploadId::parse(&id) {
            Ok(id) => return Some(AttachmentDraft { file: FileDraft::Here(id), metadata }),
            Err(_) => {
                let why = "It is not the id of an upload: those begin with `upl_`.";
                checks.push(Refusal::new(Code::Invalid, "upload_id", why));
                return None;
            }
        }
    }
    for (field, is_given) in given {
        checks.require(is_given, Code::Invalid, field, "It must be given, unless `uploadId` is.");
    }
    let file = FileDraft::Elsewhere { url: url?, media_type: media_type?, name: name?, size: size? };
    Some(AttachmentDraft { file, metadata })
}

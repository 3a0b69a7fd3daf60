//! Putting files here, for messages to carry.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::upload::{self, Draft, Given};

use super::error::{UserError, settle};
use super::scalar::DateTime;
use super::scope::{Scope, viewer};

/// A file that you are about to put here, and where to.
#[derive(SimpleObject)]
pub(crate) struct AttachmentUpload {
    /// What to send with a message as `uploadId`: `upl_…`. Once the file is there, within a day, by you alone, and with one message.
    id: ID,
    /// Where to send the file: a path from the root of this API, such as `/uploads/…`. It is enough by itself, so send no
    /// `Authorization`, and treat it as a password.
    url: String,
    /// How to send it: `PUT`, with the file's bytes as the body, and nothing around them.
    method: &'static str,
    /// Until when to begin with it. It may be sent again until then, so one that was cut off can be repeated.
    expires_at: DateTime,
}

impl From<Given> for AttachmentUpload {
    fn from(given: Given) -> Self {
        let Given { id, url, expires_at } = given;
        Self { id: id.to_string().into(), url, method: "PUT", expires_at: expires_at.into() }
    }
}

/// Which file you are about to put here.
#[derive(InputObject)]
pub(crate) struct AttachmentUploadCreateInput {
    /// What it is called: 1 to 255 characters. Not a path: no `/`, no `\`; and neither control characters nor those that turn the
    /// direction of writing, since what is saved under a name has to read like it.
    name: String,
    /// Its media type, such as `image/png`. If its content says that it is something else of the same kind, that is what it is
    /// called; and what is declared as an image, a sound or a film has to be one. If you don't know: `application/octet-stream`.
    #[graphql(name = "type")]
    media_type: String,
    /// How many bytes it has, exactly: 1 to 26,214,400 (25 MiB) unless configured otherwise.
    size: i32,
    /// Chosen by the client, unique to each of your uploads, 1 to 100 characters: asking again with it gives the same upload, with
    /// a new address.
    client_key: Option<String>,
}

/// The outcome of attachmentUploadCreate.
#[derive(SimpleObject)]
pub(crate) struct AttachmentUploadCreatePayload {
    /// The upload, and where to put its file.
    upload: Option<AttachmentUpload>,
    /// What was wrong with the input.
    errors: Vec<UserError>,
}

#[derive(Default)]
pub(crate) struct UploadMutation;

#[Object]
impl UploadMutation {
    /// Gives you an address to put a file to. Then send it with a message, as `uploadId` of an attachment. What no message carries
    /// after a day is taken away, and so is what a message carried that was deleted. Not for guests. A few hundred times an hour.
    async fn attachment_upload_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which file.")] input: AttachmentUploadCreateInput,
    ) -> Result<AttachmentUploadCreatePayload> {
        let AttachmentUploadCreateInput { name, media_type, size, client_key } = input;
        let draft = Draft { name, media_type, size, client_key };
        let given = upload::create(Scope::fresh(ctx).app(), viewer(ctx), draft).await;
        let (upload, errors) = settle(given)?;
        Ok(AttachmentUploadCreatePayload { upload: upload.map(AttachmentUpload::from), errors })
    }
}

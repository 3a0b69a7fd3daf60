//! Files that messages carry.

use async_graphql::{Context, ID, InputObject, Object};
use domain::message::AttachmentDraft;
use entity::message_attachment;

use super::budget::Budget;
use super::nullable::{Nullable, Required};
use super::scalar::{DateTime, Json};

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

    /// Where it is.
    async fn url(&self, ctx: &Context<'_>) -> Required<&str> {
        Required::of(async {
            Budget::spend(ctx, self.0.url.len())?;
            Ok(self.0.url.as_str())
        })
        .await
    }

    /// Its media type, such as `image/png`.
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

/// A file to send with a message.
#[derive(InputObject)]
pub(crate) struct AttachmentInput {
    /// Where it is: an http or https address.
    url: String,
    /// Its media type, such as `image/png`.
    #[graphql(name = "type")]
    media_type: String,
    /// The file's name: 1 to 255 characters.
    name: String,
    /// Its size in bytes.
    size: i32,
    /// Whatever the client wants to keep with it.
    metadata: Option<Json>,
}

impl From<AttachmentInput> for AttachmentDraft {
    fn from(input: AttachmentInput) -> Self {
        Self {
            url: input.url,
            media_type: input.media_type,
            name: input.name,
            size: input.size,
            metadata: input.metadata.map(|json| json.0),
        }
    }
}

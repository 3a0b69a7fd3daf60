//! Serving: a file by its address, to whoever has that. What is told of it is what its content says, and nothing that a browser runs.

use std::ops::Range;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use entity::id::{TypedId, UploadId};
use entity::upload;
use futures_util::stream::BoxStream;

use super::address::{Purpose, Signature, Which};
use super::media::{self, Kind};
use crate::app::App;
use crate::error::{Error, Result};

/// A file that somebody fetches.
pub struct File {
    /// What to call it.
    pub name: String,
    /// What it is.
    pub media_type: &'static str,
    /// Whether it may be shown where it is, or is for keeping.
    pub is_shown: bool,
    /// Bytes.
    pub size: u64,
    /// Names its content, which never changes.
    pub tag: String,
    /// How long its address is good yet.
    pub fresh: Duration,
    id: UploadId,
    which: Which,
}

/// The file that an address is for; none if it was not given here, is not good any more, or there is no message that carries it.
pub async fn find(app: &App, id: &str, which: Which, signature: &Signature) -> Result<Option<File>> {
    let now = app.clock.now();
    let Ok(id) = UploadId::parse(id) else { return Ok(None) };
    if !app.files.key.admits(id, Purpose::Get(which), signature, now) {
        return Ok(None);
    }
    let sql = "SELECT * FROM uploads WHERE id = $1 AND removed_at IS NULL AND collect_at IS NULL";
    let row: Option<upload::Model> = app.db.one(sql, [id.into()]).await?;
    let fresh = Duration::from_secs(u64::try_from(signature.expires - now.timestamp()).unwrap_or_default());
    Ok(row.and_then(|row| file(row, which, fresh)))
}

fn file(row: upload::Model, which: Which, fresh: Duration) -> Option<File> {
    let hash = URL_SAFE_NO_PAD.encode(row.content_hash?.get(..16)?);
    let (media_type, size, tag) = match which {
        Which::File => (row.media_type?, row.size, hash),
        Which::Thumbnail => (row.thumbnail_type?, row.thumbnail_size?, format!("{hash}-thumbnail")),
    };
    Some(File {
        name: row.name,
        media_type: media::served(&media_type),
        is_shown: media::kind(&media_type) != Kind::Document,
        size: u64::try_from(size).ok()?,
        tag,
        fresh,
        id: row.id,
        which,
    })
}

impl File {
    /// Some of its bytes, as they are read.
    pub async fn read(&self, app: &App, range: Range<u64>) -> Result<BoxStream<'static, Result<Bytes>>> {
        let found = app.files.storage.get(&self.id.to_string(), self.which.name(), range).await?;
        found.ok_or_else(|| Error::internal(format!("a message carries {}, and its file is not there", self.id)))
    }
}

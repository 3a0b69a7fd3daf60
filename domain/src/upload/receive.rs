//! Receiving: what is put to an address, as it comes. It goes into a file without a name, which is gone with whoever writes it,
//! however that ends; and into the storage only once all of it is here, and is what it is declared to be.

use std::io::{Read, Seek};
use std::sync::Arc;

use bytes::Bytes;
use entity::id::{TypedId, UploadId, UserId};
use entity::upload;
use futures_util::{Stream, StreamExt};
use sea_orm::{ConnectionTrait, FromQueryResult};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::address::{Purpose, Signature, Which};
use super::media::{self, Kind};
use super::picture::{self, Picture};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::infra::private;

/// An upload whose file may be put here, by who has its address.
pub struct Awaited(upload::Model);

impl Awaited {
    /// Whose it is; nobody's once the account is gone.
    pub fn user_id(&self) -> Option<UserId> {
        self.0.user_id
    }

    /// How many bytes the file has.
    pub fn size(&self) -> u64 {
        u64::try_from(self.0.size).unwrap_or_default()
    }
}

/// A file that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Which upload.
    pub id: UploadId,
    /// What it is, by its content.
    pub media_type: String,
    /// How wide and how high, if it is a picture that could be looked at.
    pub size: Option<(i32, i32)>,
}

impl Received {
    fn of(row: &upload::Model) -> Self {
        let media_type = row.media_type.clone().unwrap_or_else(|| row.declared_type.clone());
        Self { id: row.id, media_type, size: row.width.zip(row.height) }
    }
}

/// The upload that an address is for.
///
/// Errors: it was not given here, is not good any more, or the upload has gone.
pub async fn awaited(app: &App, id: &str, size: i32, signature: &Signature) -> Result<Awaited> {
    let refused = || Error::refuse(Code::Expired, "url", "This address is not good (any more): ask for another.");
    let id = UploadId::parse(id).map_err(|_| refused())?;
    if !app.files.key.admits(id, Purpose::Put(size), signature, app.clock.now()) {
        return Err(refused());
    }
    of(app, id).await
}

/// An upload, for whoever may put its file here.
pub(super) async fn of(app: &App, id: UploadId) -> Result<Awaited> {
    let sql = "SELECT * FROM uploads WHERE id = $1 AND removed_at IS NULL";
    let row: Option<upload::Model> = app.db.one(sql, [id.into()]).await?;
    row.map(Awaited).ok_or_else(|| Error::not_found("id", "upload"))
}

/// Takes a file in. The same file may be put again; another one is refused with [`Code::Conflict`].
pub async fn receive<E>(
    app: &Arc<App>,
    awaited: Awaited,
    body: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<Received> {
    let Awaited(row) = awaited;
    let _place = app.files.receiving.try_acquire().map_err(|_| Error::unavailable("too many files come in at once"))?;
    let (spooled, hash) = spool(app, &row, body).await?;
    if let Some(before) = &row.content_hash
        && *before != hash
    {
        return Err(another());
    }
    if row.completed_at.is_some() {
        return Ok(Received::of(&row));
    }
    let (spooled, found) = look(app, &row, spooled).await?;
    // From here on it goes to its end, whether or not anybody waits for it.
    let task = tokio::spawn(keep(app.clone(), row, spooled, hash, found));
    task.await.map_err(Error::internal)?
}

fn another() -> Error {
    Error::refuse(Code::Conflict, "url", "Another file was put here before: ask for another address.")
}

/// Writes what comes into a file without a name: never more than there may be.
async fn spool<E>(
    app: &App,
    row: &upload::Model,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<(std::fs::File, Vec<u8>)> {
    let directory = app.settings.uploads.spool.clone();
    let make = move || {
        private::directory(&directory)?;
        tempfile::tempfile_in(directory)
    };
    let made = tokio::task::spawn_blocking(make).await.map_err(Error::internal)?;
    let mut file = tokio::fs::File::from_std(made.map_err(Error::unavailable)?);
    let size = usize::try_from(row.size).map_err(Error::internal)?;
    let (mut written, mut hash) = (0, Sha256::new());
    while let Some(part) = body.next().await {
        let part = part.map_err(|_| Error::refuse(Code::Invalid, "body", "It was cut off, or came too slowly."))?;
        written += part.len();
        if written > size {
            return Err(Error::refuse(
                Code::TooLong,
                "body",
                format!("It has more than the {size} bytes it was to have."),
            ));
        }
        hash.update(&part);
        file.write_all(&part).await.map_err(Error::unavailable)?;
    }
    if written < size {
        return Err(Error::refuse(
            Code::Invalid,
            "body",
            format!("It has {written} of the {size} bytes it was to have."),
        ));
    }
    file.flush().await.map_err(Error::unavailable)?;
    Ok((file.into_std().await, hash.finalize().to_vec()))
}

/// What was found out about a file.
struct Found {
    media_type: String,
    picture: Picture,
}

/// Looks at what has come, where it keeps nobody waiting.
async fn look(app: &App, row: &upload::Model, spooled: std::fs::File) -> Result<(std::fs::File, Found)> {
    let declared = row.declared_type.clone();
    let told = tokio::task::spawn_blocking(move || {
        let head = head(&spooled).map_err(Error::unavailable)?;
        Ok::<_, Error>((media::settle(&declared, &head)?, spooled))
    });
    let (media_type, spooled) = told.await.map_err(Error::internal)??;
    let picture = match media::kind(&media_type) {
        Kind::Picture => look_at_picture(app, &media_type, &spooled).await?,
        Kind::Shown | Kind::Document => Picture::default(),
    };
    Ok((spooled, Found { media_type, picture }))
}

fn head(mut file: &std::fs::File) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.rewind()?;
    file.take(media::HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Looks at a picture, beside few others, whether or not anybody waits for it.
async fn look_at_picture(app: &App, media_type: &str, spooled: &std::fs::File) -> Result<Picture> {
    let mut copy = spooled.try_clone().map_err(Error::unavailable)?;
    let (media_type, pixels) = (media_type.to_owned(), app.settings.uploads.pixels);
    let turn = app.files.looking.clone().acquire_owned().await.map_err(Error::internal)?;
    let seen = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        copy.rewind().map_err(Error::unavailable)?;
        picture::look(copy, &media_type, pixels)
    });
    seen.await.unwrap_or_else(|panic| {
        tracing::warn!(%panic, "a picture could not be looked at");
        Ok(Picture::default())
    })
}

/// Keeps what has come: its content is settled first, then it is stored, then it is there.
async fn keep(
    app: Arc<App>,
    row: upload::Model,
    spooled: std::fs::File,
    hash: Vec<u8>,
    found: Found,
) -> Result<Received> {
    settle(&app, row.id, hash).await?;
    store(&app, &row, spooled, &found.picture).await?;
    let thumbnail = found.picture.thumbnail.as_ref();
    let row = upload::Model {
        media_type: Some(found.media_type),
        width: found.picture.size.map(|(width, _)| width),
        height: found.picture.size.map(|(_, height)| height),
        thumbnail_type: thumbnail.map(|thumbnail| thumbnail.media_type.to_owned()),
        thumbnail_size: thumbnail.and_then(|thumbnail| i32::try_from(thumbnail.bytes.len()).ok()),
        completed_at: Some(app.clock.now()),
        ..row
    };
    let received = Received::of(&row);
    if complete(&app, row).await? {
        return Ok(received);
    }
    // It was taken away meanwhile, and whoever did that may have come before what is there now.
    app.files.storage.clear(&received.id.to_string()).await?;
    Err(Error::not_found("id", "upload"))
}

/// Says what the content of an upload is, for good.
async fn settle(app: &App, id: UploadId, hash: Vec<u8>) -> Result<()> {
    let engine = app.db.engine();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let sql = format!("SELECT * FROM uploads WHERE id = $1 AND removed_at IS NULL{}", engine.for_update());
            let row = upload::Model::find_by_statement(engine.sql(sql, [id.into()])).one(transaction).await?;
            let row = row.ok_or_else(|| Error::not_found("id", "upload"))?;
            match row.content_hash {
                Some(before) if before == hash => Ok(()),
                Some(_) => Err(another()),
                None => {
                    let sql = "UPDATE uploads SET content_hash = $2 WHERE id = $1";
                    transaction.execute_raw(engine.sql(sql, [id.into(), hash.into()])).await?;
                    Ok(())
                }
            }
        })
    });
    work.await
}

/// Stores a file and its thumbnail. Whoever stores the same at the same time stores the same.
async fn store(app: &App, row: &upload::Model, mut spooled: std::fs::File, picture: &Picture) -> Result<()> {
    let (storage, of) = (&app.files.storage, row.id.to_string());
    if let Some(thumbnail) = &picture.thumbnail {
        storage.put(&of, Which::Thumbnail.name(), thumbnail.bytes.as_slice(), thumbnail.bytes.len() as u64).await?;
    }
    let rewound = tokio::task::spawn_blocking(move || spooled.rewind().map(|()| spooled)).await;
    let spooled = tokio::fs::File::from_std(rewound.map_err(Error::internal)?.map_err(Error::unavailable)?);
    storage.put(&of, Which::File.name(), spooled, u64::try_from(row.size).map_err(Error::internal)?).await
}

/// Notes that all of it is here. False if it was taken away meanwhile.
async fn complete(app: &App, row: upload::Model) -> Result<bool> {
    let engine = app.db.engine();
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let sql = "UPDATE uploads SET type = $2, width = $3, height = $4, thumbnail_type = $5, thumbnail_size = $6, \
                       completed_at = $7 WHERE id = $1 AND removed_at IS NULL";
            let upload::Model { id, media_type, width, height, thumbnail_type, thumbnail_size, completed_at, .. } = row;
            let values = [
                id.into(),
                media_type.into(),
                width.into(),
                height.into(),
                thumbnail_type.into(),
                thumbnail_size.into(),
                completed_at.into(),
            ];
            Ok(transaction.execute_raw(engine.sql(sql, values)).await?.rows_affected() == 1)
        })
    });
    work.await
}

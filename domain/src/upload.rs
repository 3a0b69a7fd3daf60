//! Uploads: files that people put here for their messages to carry.
//!
//! An upload begins as a row, and with an address that is good for a while ([`address`]). What is put there comes into a file that
//! has no name ([`receive`]), is looked at ([`media`], [`picture`]), and is kept where files are kept once all of it is as it should
//! be. It has one content for good: what comes a second time is the same, or refused. A message that is sent refers to it in its
//! own transaction ([`refer`]), one message to one upload; and what no message carries (any more) is taken away ([`collect`]).
//!
//! The row comes first and goes last, so nothing is kept that no row tells of.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use entity::id::{UploadId, UserId};
use entity::{Timestamp, upload};
use futures_util::stream;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, IntoActiveModel};
use tokio::sync::Semaphore;

mod address;
mod collect;
mod list;
mod media;
mod picture;
mod receive;
mod refer;
mod serve;

pub use address::{FILES, Key, Signature, THUMBNAIL, UPLOADS, Which};
pub(crate) use collect::{ABANDON, abandon_some, collect};
pub(crate) use list::of_own;
pub use receive::{Awaited, Received, awaited, receive};
pub(crate) use refer::{lock, refer, release, release_of, usable};
pub use serve::{File, find};

use crate::access::Viewer;
use crate::app::App;
use crate::credential;
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::clock::Clock;
use crate::infra::db::{Db, Engine};
use crate::infra::storage::{self, Storage};
use crate::text::Checks;

/// How long an address is good to which a file is put.
const GOOD: chrono::Duration = chrono::Duration::minutes(15);
/// How long a message may take to carry it.
const KEPT: chrono::Duration = chrono::Duration::hours(24);
/// Files that come in at once, to one node.
const AT_ONCE: usize = 64;
/// Pictures that are looked at at once: each may take hundreds of megabytes.
const LOOKS: usize = 2;

/// What an operator may set; the documentation of each is in `linnet.default.toml`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where files are kept.
    pub storage: storage::Options,
    /// What addresses are signed with; none for a key of the database's.
    pub key: Option<Key>,
    /// Where files are while they come in.
    pub spool: PathBuf,
    /// Bytes of a file, at the most.
    pub largest: i32,
    /// Pixels of a picture, at the most.
    pub pixels: u64,
    /// Files of an account that no message carries, at the most: how many, and their bytes together.
    pub waiting: i64,
    pub waiting_bytes: i64,
}

/// What a node needs for files.
pub(crate) struct Files {
    storage: Storage,
    key: Key,
    receiving: Semaphore,
    looking: Arc<Semaphore>,
}

#[derive(FromQueryResult)]
struct Shared {
    upload_key: Option<Vec<u8>>,
}

impl Files {
    pub(crate) async fn open(settings: &Settings, db: &Db, clock: &Clock) -> Result<Self> {
        let key = match &settings.key {
            Some(key) => key.clone(),
            None => shared_key(db, clock).await?,
        };
        let storage = Storage::new(&settings.storage)?;
        Ok(Self { storage, key, receiving: Semaphore::new(AT_ONCE), looking: Arc::new(Semaphore::new(LOOKS)) })
    }

    /// The address of a file or its thumbnail, for whoever may read the message that carries it.
    pub(crate) fn address(&self, id: UploadId, which: Which, now: Timestamp) -> String {
        self.key.get(id, which, now)
    }
}

/// The key that all nodes on this database share: made by the first of them.
async fn shared_key(db: &Db, clock: &Clock) -> Result<Key> {
    const READ: &str = "SELECT upload_key FROM instance WHERE id = 1";
    if let Some(Shared { upload_key: Some(key) }) = db.one(READ, []).await? {
        return Ok(Key::new(key));
    }
    let (engine, made) = (db.engine(), clock.secret().to_vec());
    let work = db.write(move |transaction| {
        Box::pin(async move {
            let sql = "UPDATE instance SET upload_key = $1 WHERE id = 1 AND upload_key IS NULL";
            transaction.execute_raw(engine.sql(sql, [made.into()])).await?;
            Ok(Shared::find_by_statement(engine.sql(READ, [])).one(transaction).await?)
        })
    });
    let key = work.await?.and_then(|row| row.upload_key);
    key.map(Key::new).ok_or_else(|| Error::internal("the database has no `instance` row: run `linnet migrate up`"))
}

/// A file that somebody is about to put here.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is called: 1 to 255 characters, and no path.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Bytes.
    pub size: i32,
    /// Unique per account: asking again with it gives the first upload. 1 to 100 characters.
    pub client_key: Option<String>,
}

/// An upload, and where to put its file.
pub struct Given {
    /// Which one.
    pub id: UploadId,
    /// A path from the root of the API.
    pub url: String,
    /// Until when that is good.
    pub expires_at: Timestamp,
}

/// Gives the viewer a place to put a file.
pub async fn create(app: &Arc<App>, viewer: &Viewer, draft: Draft) -> Result<Given> {
    let own = viewer.require_account()?.user.id;
    let row = begun(app, own, draft)?;
    app.limits.upload(own)?;
    let (context, viewer) = (app.clone(), viewer.clone());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            let engine = context.db.engine();
            // Of two that are begun at once, the one that comes second is counted with the first.
            credential::hold(engine, transaction, &viewer, row.created_at).await?;
            if let Some(before) = begun_before(engine, transaction, &row).await? {
                return again(engine, transaction, before, &row).await;
            }
            check_room(&context, transaction, &row).await?;
            upload::Entity::insert(row.clone().into_active_model()).exec_without_returning(transaction).await?;
            Ok(row)
        })
    });
    let row = work.await?;
    let url = app.files.key.put(row.id, row.size, row.expires_at);
    Ok(Given { id: row.id, url, expires_at: row.expires_at })
}

/// Puts a file here for the viewer that is here already.
pub(crate) async fn put(app: &Arc<App>, viewer: &Viewer, draft: Draft, bytes: Bytes) -> Result<UploadId> {
    let given = create(app, viewer, draft).await?;
    let awaited = receive::of(app, given.id).await?;
    let all = stream::iter([Ok::<_, Infallible>(bytes)]);
    Ok(receive(app, awaited, all).await?.id)
}

/// The row that an upload begins as.
fn begun(app: &App, own: UserId, draft: Draft) -> Result<upload::Model> {
    let Draft { name, media_type, size, client_key } = draft;
    let mut checks = Checks::default();
    checks.text("name", &name, 255);
    checks.require(is_name(&name), Code::Invalid, "name", "It must be a name: no path, no control or bidi characters.");
    let longest = 127;
    checks.text("type", &media_type, longest);
    let declared_type = if media_type.len() <= longest { media::read(&media_type) } else { None };
    checks.require(declared_type.is_some(), Code::Invalid, "type", "It must be a media type, such as image/png.");
    let largest = app.settings.uploads.largest;
    checks.require(size >= 1, Code::Invalid, "size", "It must be at least one byte.");
    checks.require(size <= largest, Code::TooLong, "size", format!("It must be at most {largest} bytes."));
    if let Some(key) = &client_key {
        checks.text("client_key", key, 100);
    }
    checks.done()?;
    let now = app.clock.now();
    Ok(upload::Model {
        id: app.clock.id(),
        user_id: Some(own),
        client_key,
        name,
        declared_type: declared_type.unwrap_or_default(),
        size,
        media_type: None,
        width: None,
        height: None,
        thumbnail_type: None,
        thumbnail_size: None,
        content_hash: None,
        created_at: now,
        expires_at: now + GOOD,
        completed_at: None,
        removed_at: None,
        collect_at: Some(now + KEPT),
    })
}

/// Whether a text is what a file may be called, here and wherever it is saved: nothing that leads elsewhere, or reads otherwise than
/// it is.
fn is_name(text: &str) -> bool {
    let is_bidi = |letter: char| matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_apart = |letter: char| letter == '/' || letter == '\\' || letter.is_control() || is_bidi(letter);
    text != "." && text != ".." && !text.contains(is_apart)
}

/// What was begun under the same key.
async fn begun_before(engine: Engine, on: &DatabaseTransaction, row: &upload::Model) -> Result<Option<upload::Model>> {
    let Some(key) = &row.client_key else { return Ok(None) };
    let sql = "SELECT * FROM uploads WHERE user_id = $1 AND client_key = $2 AND client_key IS NOT NULL";
    let values = [row.user_id.into(), key.clone().into()];
    Ok(upload::Model::find_by_statement(engine.sql(sql, values)).one(on).await?)
}

/// The upload of before, with as much time as a new one while its file is not there.
async fn again(
    engine: Engine,
    on: &DatabaseTransaction,
    before: upload::Model,
    row: &upload::Model,
) -> Result<upload::Model> {
    let told = |row: &upload::Model| (row.name.clone(), row.declared_type.clone(), row.size);
    if told(&before) != told(row) {
        return Err(Refusal::new(Code::Conflict, "client_key", "This key was used for another upload.").into());
    }
    let sql = "UPDATE uploads SET expires_at = $2, collect_at = $3 \
               WHERE id = $1 AND completed_at IS NULL AND removed_at IS NULL AND collect_at IS NOT NULL";
    let values = [before.id.into(), row.expires_at.into(), row.collect_at.into()];
    on.execute_raw(engine.sql(sql, values)).await?;
    Ok(upload::Model { expires_at: row.expires_at, ..before })
}

#[derive(FromQueryResult)]
struct Waiting {
    count: i64,
    bytes: Option<i64>,
}

/// Whether the account may have one more that no message carries.
async fn check_room(app: &App, on: &DatabaseTransaction, row: &upload::Model) -> Result<()> {
    let sql = "SELECT count(*) AS count, CAST(sum(size) AS bigint) AS bytes FROM uploads \
               WHERE user_id = $1 AND collect_at > $2";
    let values = [row.user_id.into(), Timestamp::UNIX_EPOCH.into()];
    let found = Waiting::find_by_statement(app.db.engine().sql(sql, values)).one(on).await?;
    let Waiting { count, bytes } = found.unwrap_or(Waiting { count: 0, bytes: None });
    let (most, most_bytes) = (app.settings.uploads.waiting, app.settings.uploads.waiting_bytes);
    if count < most && bytes.unwrap_or(0) + i64::from(row.size) <= most_bytes {
        return Ok(());
    }
    let message = format!(
        "An account has at most {most} files, and {most_bytes} bytes of them, that no message carries: send some, or wait a day."
    );
    Err(Refusal { code: Code::TooLong, path: Vec::new(), message: message.into() }.into())
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_name_leads_nowhere_and_reads_as_it_is() {
        for name in ["a.png", "Über uns.pdf", "🎵.ogg", "...", ".gitignore", "a: b?.txt", "صورة.png"] {
            assert!(is_name(name), "{name}");
        }
        for name in
            [".", "..", "../../etc/passwd", "C:\\a.exe", "a/b", "a\nb", "a\0", "photo\u{202e}gnp.exe", "\u{2066}a"]
        {
            assert!(!is_name(name), "{name:?}");
        }
    }
}

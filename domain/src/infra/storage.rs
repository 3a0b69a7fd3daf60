//! Where files are kept: in a directory, or in a bucket of a service that speaks S3. Knows keys and bytes; what they are is
//! [`crate::upload`]'s.
//!
//! A key is two parts: what belongs together, which is taken away as one, and which of it. An object is there once all of it is,
//! and not before.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, RetryConfig,
};
use tokio::io::{AsyncRead, AsyncReadExt};

mod client;

use client::Connector;

use crate::error::{Error, Result};
use crate::infra::private;

/// Bytes of a file that are sent to a bucket at once: as few as S3 takes in one part.
const PART: u64 = 5 * 1024 * 1024;
/// How long a bucket is asked again, and how often, before whoever waits for it is told to come again.
const PATIENCE: Duration = Duration::from_secs(20);
const RETRIES: usize = 3;

/// Where files are to be kept.
#[derive(Clone, Debug)]
pub enum Options {
    /// In a directory, which is made when there is something to keep.
    Directory(PathBuf),
    /// In a bucket.
    Bucket(Bucket),
}

/// A bucket, and how to reach it.
#[derive(Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the keys in it begin with; nothing, perhaps.
    pub prefix: String,
    /// Where the service is; none for Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: String,
    /// What speaks for us there: an id and a secret. None to look for it as Amazon's own tools do.
    pub key: Option<(String, String)>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, prefix, endpoint, region, key } = self;
        let key = key.as_ref().map(|(id, _)| id);
        f.debug_struct("Bucket")
            .field("name", name)
            .field("prefix", prefix)
            .field("endpoint", endpoint)
            .field("region", region)
            .field("key", &key)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// What to call it, without its secrets.
    pub fn name(&self) -> String {
        match self {
            Self::Directory(path) => format!("the directory {}", path.display()),
            Self::Bucket(Bucket { name, endpoint: None, .. }) => format!("the bucket `{name}`"),
            Self::Bucket(Bucket { name, endpoint: Some(endpoint), .. }) => format!("the bucket `{name}` at {endpoint}"),
        }
    }

    /// Puts something there, reads it, and takes it away again. How long that took, or why it did not work.
    pub async fn probe(&self, mark: &str) -> std::result::Result<Duration, String> {
        let begun = Instant::now();
        let told = |error: Error| match error {
            Error::Unavailable { source, .. } | Error::Internal(source) => source.to_string(),
            other => other.to_string(),
        };
        let made = self.absent();
        let storage = Storage::new(self).map_err(told)?;
        let work = async {
            storage.put(mark, "probe", mark.as_bytes(), mark.len() as u64).await?;
            let found = storage.get(mark, "probe", 0..mark.len() as u64).await?;
            let Some(found) = found else { return Err(Error::unavailable("what was put there is not there")) };
            found.try_collect::<Vec<Bytes>>().await?;
            storage.clear(mark).await
        };
        let outcome = work.await.map_err(told);
        // Whoever only looks makes nothing.
        made.iter().for_each(|directory| drop(std::fs::remove_dir(directory)));
        outcome.map(|()| begun.elapsed())
    }

    /// The directories that will be made when there is something to keep, the innermost first.
    fn absent(&self) -> Vec<PathBuf> {
        let Self::Directory(path) = self else { return Vec::new() };
        path.ancestors().take_while(|one| !one.as_os_str().is_empty() && !one.exists()).map(Into::into).collect()
    }
}

/// Where files are kept.
pub(crate) enum Storage {
    /// The directory, and what writes to it once it is there.
    Directory(PathBuf, OnceLock<Arc<dyn ObjectStore>>),
    Bucket(Arc<dyn ObjectStore>),
}

impl Storage {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        match options {
            Options::Directory(path) => Ok(Self::Directory(path.clone(), OnceLock::new())),
            Options::Bucket(bucket) => Ok(Self::Bucket(open(bucket).map_err(Error::internal)?)),
        }
    }

    fn store(&self) -> Result<Arc<dyn ObjectStore>> {
        match self {
            Self::Bucket(store) => Ok(store.clone()),
            Self::Directory(path, opened) => {
                if let Some(store) = opened.get() {
                    return Ok(store.clone());
                }
                private::directory(path).map_err(Error::unavailable)?;
                let store = LocalFileSystem::new_with_prefix(path).map_err(Error::unavailable)?;
                // What is said to be there is on disk.
                Ok(opened.get_or_init(|| Arc::new(store.with_fsync(true))).clone())
            }
        }
    }

    /// Keeps so many bytes. Nothing is kept if that fails.
    pub(crate) async fn put(&self, of: &str, which: &str, mut from: impl AsyncRead + Unpin, size: u64) -> Result<()> {
        let (store, key) = (self.store()?, key(of, which));
        if size <= PART {
            let part = part(&mut from).await?;
            return store.put_opts(&key, part, PutOptions::default()).await.map(drop).map_err(Error::unavailable);
        }
        let mut parts =
            store.put_multipart_opts(&key, PutMultipartOptions::default()).await.map_err(Error::unavailable)?;
        let sent = send(parts.as_mut(), &mut from).await;
        if sent.is_err() {
            // Or what came there would stay, and be seen by nobody.
            let _ = parts.abort().await;
        }
        sent
    }

    /// Some bytes of what is kept; none if it is not there.
    pub(crate) async fn get(
        &self,
        of: &str,
        which: &str,
        range: Range<u64>,
    ) -> Result<Option<BoxStream<'static, Result<Bytes>>>> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        match self.store()?.get_opts(&key(of, which), options).await {
            Ok(found) => Ok(Some(found.into_stream().map_err(Error::unavailable).boxed())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    /// Takes away all that belongs together, if there is any of it.
    pub(crate) async fn clear(&self, of: &str) -> Result<()> {
        match self {
            // With what a server left there that was killed while it wrote.
            Self::Directory(path, _) => {
                let path = path.join(of);
                let work = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(path));
                match work.await.map_err(Error::internal)? {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
                    done => done.map_err(Error::unavailable),
                }
            }
            Self::Bucket(store) => {
                let listed = store.list(Some(&Path::from(of))).map_ok(|found| found.location).boxed();
                let removed = store.delete_stream(listed).try_collect::<Vec<Path>>().await;
                removed.map(drop).map_err(Error::unavailable)
            }
        }
    }
}

/// As many bytes as go in one part.
async fn part(from: &mut (impl AsyncRead + Unpin)) -> Result<PutPayload> {
    let mut bytes = Vec::new();
    from.take(PART).read_to_end(&mut bytes).await.map_err(Error::unavailable)?;
    Ok(bytes.into())
}

/// Sends one part after the other: no more than one of a file is in memory.
async fn send(to: &mut dyn MultipartUpload, from: &mut (impl AsyncRead + Unpin)) -> Result<()> {
    loop {
        let part = part(from).await?;
        if part.content_length() == 0 {
            return to.complete().await.map(drop).map_err(Error::unavailable);
        }
        to.put_part(part).await.map_err(Error::unavailable)?;
    }
}

fn key(of: &str, which: &str) -> Path {
    Path::from_iter([of, which])
}

fn open(bucket: &Bucket) -> object_store::Result<Arc<dyn ObjectStore>> {
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: PATIENCE, ..RetryConfig::default() };
    let mut builder =
        AmazonS3Builder::from_env().with_bucket_name(&bucket.name).with_region(&bucket.region).with_retry(retry);
    builder = builder.with_http_connector(Connector);
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some((id, secret)) = &bucket.key {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
    }
    let store = builder.build()?;
    if bucket.prefix.is_empty() {
        return Ok(Arc::new(store));
    }
    Ok(Arc::new(PrefixStore::new(store, bucket.prefix.as_str())))
}

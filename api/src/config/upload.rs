//! What of the settings is about files that are put here.

use anyhow::{Result, bail};
use domain::infra::storage::{Bucket, Options};
use domain::upload::{Key, Settings};

use super::Config;

/// A key that is shorter is guessed.
const SHORTEST_KEY: usize = 32;
/// What the address of a bucket begins with.
const S3: &str = "s3://";

impl Config {
    /// Files that are put here.
    pub(super) fn uploads(&self) -> Settings {
        let key = self.uploads_key.as_bytes();
        Settings {
            storage: self.storage(),
            key: (!key.is_empty()).then(|| Key::new(key)),
            spool: self.data_dir.join("incoming"),
            largest: self.upload_bytes,
            pixels: self.upload_pixels,
            waiting: self.account_uploads.into(),
            waiting_bytes: self.account_upload_bytes,
        }
    }

    /// Where they are kept.
    pub(crate) fn storage(&self) -> Options {
        let Some(place) = self.uploads_url.strip_prefix(S3) else {
            let is_told = !self.uploads_url.is_empty();
            return Options::Directory(if is_told {
                self.uploads_url.clone().into()
            } else {
                self.data_dir.join("uploads")
            });
        };
        let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
        let endpoint = &self.uploads_s3_endpoint;
        let key = (self.uploads_s3_key_id.clone(), self.uploads_s3_secret.clone());
        Options::Bucket(Bucket {
            name: name.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            endpoint: (!endpoint.is_empty()).then(|| endpoint.clone()),
            region: self.uploads_s3_region.clone(),
            key: (!key.0.is_empty()).then_some(key),
        })
    }

    /// Whether all of it can be meant.
    pub(super) fn check_uploads(&self) -> Result<()> {
        let key = self.uploads_key.len();
        if key > 0 && key < SHORTEST_KEY {
            bail!("`uploads_key` must have at least {SHORTEST_KEY} characters");
        }
        let url = &self.uploads_url;
        if url.contains("://")
            && !url.strip_prefix(S3).is_some_and(|place| !place.is_empty() && !place.starts_with('/'))
        {
            bail!("`uploads_url` must be a directory, or a bucket: s3://bucket, or s3://bucket/prefix");
        }
        let endpoint = &self.uploads_s3_endpoint;
        if !endpoint.is_empty() && !["https://", "http://"].iter().any(|scheme| endpoint.starts_with(scheme)) {
            bail!("`uploads_s3_endpoint` must begin with https:// or http://");
        }
        if self.uploads_s3_key_id.is_empty() != self.uploads_s3_secret.is_empty() {
            bail!("`uploads_s3_key_id` and `uploads_s3_secret` go together");
        }
        Ok(())
    }
}

//! A file that is not there before it is whole and on disk.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::infra::clock::Clock;
use crate::infra::db::beside;
use crate::infra::private;

/// What will be a file, under another name beside it until then; gone with this if it never comes to that.
pub(super) struct Partial {
    path: PathBuf,
    target: PathBuf,
    replace: bool,
    is_finished: bool,
}

impl Partial {
    /// Makes an empty file that nobody else reads.
    pub(super) fn begin(target: &Path, replace: bool) -> Result<Self> {
        if !replace && target.symlink_metadata().is_ok() {
            return Err(is_there(target));
        }
        let path = beside(target, &format!(".{}.partial", Clock::default().code(8)));
        private::create(&path)
            .map_err(|error| Error::internal(format!("{} can't be made: {error}", path.display())))?;
        Ok(Self { path, target: target.to_owned(), replace, is_finished: false })
    }

    /// Where to write it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, once all of it is on disk: how many bytes it has.
    pub(super) fn finish(mut self) -> Result<u64> {
        let put = || -> std::io::Result<u64> {
            let file = File::open(&self.path)?;
            file.sync_all()?;
            if self.replace {
                fs::rename(&self.path, &self.target)?;
            } else {
                // Unlike a new name, a second one never takes the place of what somebody has put there meanwhile.
                fs::hard_link(&self.path, &self.target)?;
                fs::remove_file(&self.path)?;
            }
            sync_directory(&self.target)?;
            Ok(file.metadata()?.len())
        };
        let bytes = put().map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => is_there(&self.target),
            _ => Error::internal(format!("{} can't be written: {error}", self.target.display())),
        })?;
        self.is_finished = true;
        Ok(bytes)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_finished {
            _ = private::clear(&self.path);
        }
    }
}

fn is_there(target: &Path) -> Error {
    Error::internal(format!("{} is there already: `--force` replaces it", target.display()))
}

/// Sees to it that the names of a file's directory are on disk.
pub(super) fn sync_directory(file: &Path) -> std::io::Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

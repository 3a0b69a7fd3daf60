//! The file that accounts are imported from: CSV with a header. One row is in memory at a time, however long the file is, and none
//! is longer than one of ours could be.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use crate::error::{Error, Result};

/// The columns that are known; the first ones have to be there.
const COLUMNS: [&str; 6] = ["username", "email", "password_hash", "display_name", "created_at", "email_verified"];
const REQUIRED: usize = 3;
/// Bytes of a row at the most. A quote that is never closed would else take the rest of the file for one field.
const LONGEST_ROW: usize = 64 * 1024;

/// Something in a file that can't be taken over.
#[derive(Debug, Clone)]
pub struct Flaw {
    /// The line on which its row begins.
    pub line: u64,
    /// In which column, if it is in one.
    pub column: Option<Cow<'static, str>>,
    /// What is wrong with it.
    pub why: Cow<'static, str>,
}

impl Flaw {
    /// Something that concerns no one column.
    fn of_row(line: u64, why: impl Into<Cow<'static, str>>) -> Self {
        Self { line, column: None, why: why.into() }
    }

    /// Something in one column.
    pub(super) fn new(line: u64, column: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) -> Self {
        Self { line, column: Some(column.into()), why: why.into() }
    }
}

/// A row as it stands in the file.
pub(super) struct Fields {
    /// The line on which it begins.
    pub(super) line: u64,
    values: [String; COLUMNS.len()],
}

impl Fields {
    /// What stands in a column; nothing where there is no such column.
    pub(super) fn take(&mut self, column: &str) -> String {
        let place = COLUMNS.iter().position(|known| *known == column);
        place.map(|place| std::mem::take(&mut self.values[place])).unwrap_or_default()
    }

    /// The same of a column that may be empty.
    pub(super) fn given(&mut self, column: &str) -> Option<String> {
        Some(self.take(column)).filter(|text| !text.is_empty())
    }
}

/// What a row of a file comes to.
pub(super) type Outcome<T> = Result<T, Vec<Flaw>>;

/// The rows of a file, one after the other.
pub(super) struct Rows {
    reader: Reader<Bounded>,
    /// Bytes that were read since the last row.
    since: Arc<AtomicUsize>,
    /// Where each of the known columns stands.
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
    record: ByteRecord,
    is_over: bool,
}

impl Rows {
    /// Begins a file from its beginning, and reads its header.
    pub(super) fn open(mut file: File) -> Result<Outcome<Self>> {
        file.rewind().map_err(Error::internal)?;
        let since = Arc::new(AtomicUsize::new(0));
        let bounded = Bounded { file, since: since.clone() };
        let reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bounded);
        let (places, record) = ([None; COLUMNS.len()], ByteRecord::new());
        let mut rows = Self { reader, since, places, width: 0, record, is_over: false };
        Ok(match rows.advance()? {
            Err(flaw) => Err(vec![flaw]),
            Ok(false) => Err(vec![Flaw::of_row(1, "The file is empty: it has to begin with a header.")]),
            Ok(true) => rows.read_header().map(|()| rows),
        })
    }

    fn read_header(&mut self) -> Outcome<()> {
        let mut flaws = Vec::new();
        for (place, name) in self.record.iter().enumerate() {
            let name = String::from_utf8_lossy(name).trim().to_owned();
            match COLUMNS.iter().position(|known| *known == name) {
                None => flaws.push(Flaw::new(1, name, "There is no such column.")),
                Some(known) if self.places[known].is_some() => {
                    flaws.push(Flaw::new(1, name, "There is another column of this name."));
                }
                Some(known) => self.places[known] = Some(place),
            }
        }
        let missing = COLUMNS.iter().zip(self.places).take(REQUIRED).filter(|(_, place)| place.is_none());
        flaws.extend(missing.map(|(name, _)| Flaw::new(1, *name, "This column has to be there.")));
        self.width = self.record.len();
        if flaws.is_empty() { Ok(()) } else { Err(flaws) }
    }

    /// The next row; none at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Outcome<Fields>>> {
        Ok(match self.advance()? {
            Err(flaw) => Some(Err(vec![flaw])),
            Ok(false) => None,
            Ok(true) => Some(self.fields()),
        })
    }

    /// Reads a row into the record; whether there was one. Behind one that is too long nothing is read.
    fn advance(&mut self) -> Result<Result<bool, Flaw>> {
        if self.is_over {
            return Ok(Ok(false));
        }
        self.since.store(0, Ordering::Relaxed);
        let line = self.reader.position().line();
        let error = match self.reader.read_byte_record(&mut self.record) {
            Ok(found) => return Ok(Ok(found)),
            Err(error) => error,
        };
        self.is_over = true;
        match error.into_kind() {
            ErrorKind::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<TooLong>()) => {
                let why = format!("A row of more than {LONGEST_ROW} bytes begins here: is a quote not closed?");
                Ok(Err(Flaw::of_row(line, why)))
            }
            ErrorKind::Io(error) => Err(Error::internal(error)),
            other => Err(Error::internal(format!("{other:?}"))),
        }
    }

    fn fields(&self) -> Outcome<Fields> {
        let line = self.record.position().map_or(0, csv::Position::line);
        if self.record.len() != self.width {
            let why = format!("The row has {} fields, and the header {}.", self.record.len(), self.width);
            return Err(vec![Flaw::of_row(line, why)]);
        }
        let mut flaws = Vec::new();
        let mut values = <[String; COLUMNS.len()]>::default();
        for ((value, place), column) in values.iter_mut().zip(self.places).zip(COLUMNS) {
            let bytes = place.and_then(|place| self.record.get(place)).unwrap_or_default();
            match std::str::from_utf8(bytes) {
                Ok(text) => text.clone_into(value),
                Err(_) => flaws.push(Flaw::new(line, column, "It is not UTF-8.")),
            }
        }
        if flaws.is_empty() { Ok(Fields { line, values }) } else { Err(flaws) }
    }
}

/// A file of which no row is longer than it may be.
struct Bounded {
    file: File,
    since: Arc<AtomicUsize>,
}

#[derive(Debug, thiserror::Error)]
#[error("a row is too long")]
struct TooLong;

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let before = self.since.fetch_add(read, Ordering::Relaxed);
        if before > LONGEST_ROW { Err(io::Error::other(TooLong)) } else { Ok(read) }
    }
}

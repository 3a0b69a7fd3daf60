//! Cursors: opaque to clients, one kind for every position in a thread's log, other kinds for other lists.
//!
//! A thread cursor has a fixed length and sorts as a string the way the log is ordered. Every cursor of a log carries the
//! log's epoch, so that one taken before a restore is recognised afterwards; a checksum tells a made-up one from a real
//! one. None of this is a secret: a cursor gives no right to anything.

use base64::Engine as _;
use base64::alphabet::Alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use entity::id::{ThreadId, TypedId, UserId};
use sea_orm::prelude::DateTimeUtc;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::LazyLock;

/// Why a text is not a cursor of the kind that was asked for; the sentence is for the developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// Cut short, altered or made up.
    #[error("This is not a cursor that this server gave out.")]
    Form,
    /// Of another sort of list.
    #[error("This cursor belongs to another kind of list.")]
    Kind,
    /// Of another thread, or of another account's inbox.
    #[error("This cursor belongs to another thread or account.")]
    Owner,
}

/// Base64 whose characters stand in the order of their codes, so that encoded texts sort as the bytes do.
static ORDERED: LazyLock<GeneralPurpose> = LazyLock::new(|| {
    let alphabet = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone);
    // The alphabet is a constant; a test decodes with it.
    #[expect(clippy::expect_used, reason = "a constant of 64 different characters")]
    let alphabet = Alphabet::new(alphabet).expect("64 different printable characters");
    GeneralPurpose::new(&alphabet, config)
});

fn seal(kind: char, mut bytes: Vec<u8>) -> String {
    bytes.extend(check(kind, &bytes));
    let mut text = String::with_capacity(1 + bytes.len() * 4 / 3 + 1);
    text.push(kind);
    ORDERED.encode_string(bytes, &mut text);
    text
}

fn unseal(kind: char, text: &str) -> Result<Vec<u8>, CursorError> {
    let mut characters = text.chars();
    let found = characters.next().ok_or(CursorError::Form)?;
    let mut bytes = ORDERED.decode(characters.as_str()).map_err(|_| CursorError::Form)?;
    let body = bytes.len().checked_sub(2).ok_or(CursorError::Form)?;
    if bytes[body..] != check(found, &bytes[..body]) {
        return Err(CursorError::Form);
    }
    bytes.truncate(body);
    if found == kind { Ok(bytes) } else { Err(CursorError::Kind) }
}

/// Sixteen bits of FNV-1a: against mistakes, not against malice.
fn check(kind: char, bytes: &[u8]) -> [u8; 2] {
    let hash = std::iter::once(kind as u8)
        .chain(bytes.iter().copied())
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ((hash >> 16) as u16 ^ hash as u16).to_be_bytes()
}

/// The random half of a UUIDv7 is enough to tell owners apart.
fn tail(id: impl TypedId) -> [u8; 8] {
    let [.., a, b, c, d, e, f, g, h] = *id.uuid().as_bytes();
    [a, b, c, d, e, f, g, h]
}

/// A time from a cursor. Anybody can make one up, so it is one that databases know.
pub(crate) fn time(micros: i64) -> Option<DateTimeUtc> {
    // The years 2001 to 2286: ten digits of seconds.
    let plausible = (1_000_000_000_000_000..10_000_000_000_000_000).contains(&micros);
    DateTimeUtc::from_timestamp_micros(micros).filter(|_| plausible)
}

/// A position in the log of one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadCursor {
    /// The log it was taken from; see `instance.log_epoch`.
    pub epoch: u32,
    /// The event it stands at: what follows is later.
    pub seq: i64,
}

impl ThreadCursor {
    /// The text for clients: 28 characters.
    pub fn encode(self, thread_id: ThreadId) -> String {
        let mut bytes = Vec::with_capacity(20);
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(tail(thread_id));
        bytes.extend(&self.seq.to_be_bytes()[2..]);
        seal('t', bytes)
    }

    /// Reads a cursor that should be one of `thread_id`.
    pub fn decode(text: &str, thread_id: ThreadId) -> Result<Self, CursorError> {
        let bytes: [u8; 18] = unseal('t', text)?.try_into().map_err(|_| CursorError::Form)?;
        let [e0, e1, e2, e3, owner @ .., s0, s1, s2, s3, s4, s5] = bytes;
        if owner != tail(thread_id) {
            return Err(CursorError::Owner);
        }
        let epoch = u32::from_be_bytes([e0, e1, e2, e3]);
        Ok(Self { epoch, seq: i64::from_be_bytes([0, 0, s0, s1, s2, s3, s4, s5]) })
    }
}

/// A position in the log of the feed of chirps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FeedCursor {
    /// The log it was taken from; see `instance.log_epoch`.
    pub epoch: u32,
    /// The event it stands at: what follows is later.
    pub seq: i64,
}

impl FeedCursor {
    /// The text for clients: 17 characters.
    pub fn encode(self) -> String {
        let mut bytes = Vec::with_capacity(12);
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(&self.seq.to_be_bytes()[2..]);
        seal('f', bytes)
    }

    /// Reads a cursor that should be one of the feed.
    pub fn decode(text: &str) -> Result<Self, CursorError> {
        let bytes: [u8; 10] = unseal('f', text)?.try_into().map_err(|_| CursorError::Form)?;
        let [e0, e1, e2, e3, s0, s1, s2, s3, s4, s5] = bytes;
        let epoch = u32::from_be_bytes([e0, e1, e2, e3]);
        Ok(Self { epoch, seq: i64::from_be_bytes([0, 0, s0, s1, s2, s3, s4, s5]) })
    }
}

/// A position in the feed of one account's inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxCursor {
    /// The log it was taken from.
    pub epoch: u32,
    /// By the database's clock: everything before this has been seen.
    pub at: DateTimeUtc,
}

impl InboxCursor {
    /// The text for clients.
    pub fn encode(self, user_id: UserId) -> String {
        let mut bytes = Vec::with_capacity(22);
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(tail(user_id));
        bytes.extend(self.at.timestamp_micros().to_be_bytes());
        seal('i', bytes)
    }

    /// Reads a cursor that should be one of `user_id`'s inbox.
    pub fn decode(text: &str, user_id: UserId) -> Result<Self, CursorError> {
        let bytes: [u8; 20] = unseal('i', text)?.try_into().map_err(|_| CursorError::Form)?;
        let [e0, e1, e2, e3, owner @ .., m0, m1, m2, m3, m4, m5, m6, m7] = bytes;
        if owner != tail(user_id) {
            return Err(CursorError::Owner);
        }
        let micros = i64::from_be_bytes([m0, m1, m2, m3, m4, m5, m6, m7]);
        let at = time(micros).ok_or(CursorError::Form)?;
        Ok(Self { epoch: u32::from_be_bytes([e0, e1, e2, e3]), at })
    }
}

/// The position of an item in a list that is sorted by `key`; `list` tells one list from another.
pub fn encode_key(list: &str, key: &impl Serialize) -> String {
    // A key is a tuple of numbers and texts, which always has a JSON form.
    seal('l', serde_json::to_vec(&(list, key)).unwrap_or_default())
}

/// Reads a cursor that [`encode_key`] made for the same list.
pub fn decode_key<K: DeserializeOwned>(list: &str, text: &str) -> Result<K, CursorError> {
    let bytes = unseal('l', text)?;
    let (found, key): (String, serde_json::Value) = serde_json::from_slice(&bytes).map_err(|_| CursorError::Form)?;
    if found != list {
        return Err(CursorError::Kind);
    }
    // A key of ours holds no U+0000, which the database would not take.
    if key.to_string().contains("\\u0000") {
        return Err(CursorError::Form);
    }
    serde_json::from_value(key).map_err(|_| CursorError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn thread(n: u128) -> ThreadId {
        ThreadId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn thread_cursors_have_one_length_and_sort_as_the_log_does() {
        let texts: Vec<String> = [0, 1, 9, 63, 64, 255, 256, 65_535, 1 << 30, (1 << 47) - 1]
            .map(|seq| ThreadCursor { epoch: 7, seq }.encode(thread(1)))
            .to_vec();
        assert!(texts.is_sorted(), "{texts:?}");
        assert!(texts.iter().all(|text| text.len() == 28), "{texts:?}");
    }

    #[test]
    fn cursors_of_the_feed_sort_as_its_log_does_and_are_of_no_thread() {
        let texts: Vec<String> =
            [0, 1, 63, 64, 255, 256, 65_535, (1 << 47) - 1].map(|seq| FeedCursor { epoch: 7, seq }.encode()).to_vec();
        assert!(texts.is_sorted() && texts.iter().all(|text| text.len() == 17), "{texts:?}");
        assert_eq!(FeedCursor::decode(&texts[1]), Ok(FeedCursor { epoch: 7, seq: 1 }));
        assert_eq!(ThreadCursor::decode(&texts[1], thread(1)), Err(CursorError::Kind));
        assert_eq!(FeedCursor::decode(&ThreadCursor { epoch: 7, seq: 1 }.encode(thread(1))), Err(CursorError::Kind));
        assert_eq!(FeedCursor::decode(&texts[1][..16]), Err(CursorError::Form));
    }

    #[test]
    fn cursors_come_back_as_they_were_and_only_where_they_belong() {
        let cursor = ThreadCursor { epoch: u32::MAX, seq: 123_456 };
        let text = cursor.encode(thread(1));
        assert_eq!(ThreadCursor::decode(&text, thread(1)), Ok(cursor));
        assert_eq!(ThreadCursor::decode(&text, thread(2)), Err(CursorError::Owner));
        assert_eq!(decode_key::<i64>("users", &text), Err(CursorError::Kind));
        assert_eq!(decode_key::<i64>("users", &encode_key("users", &5)), Ok(5));
        assert_eq!(decode_key::<i64>("rooms", &encode_key("users", &5)), Err(CursorError::Kind));
        for made_up in ["", "t", "x", "tAAAA", "té", &text[..27], &text.replace('t', "i")] {
            assert_eq!(ThreadCursor::decode(made_up, thread(1)), Err(CursorError::Form), "{made_up}");
        }
    }
}

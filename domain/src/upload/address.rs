//! Addresses that are good by themselves, for a while and for one thing: whoever has one needs nothing else. They are signed with a
//! key that all nodes share, so any node can tell whether one was given, and nothing has to be kept of those that were.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::Timestamp;
use entity::id::UploadId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What the path begins with to which a file is put.
pub const UPLOADS: &str = "/uploads/";
/// What the path of a file begins with.
pub const FILES: &str = "/files/";
/// What the path of a file's thumbnail ends with.
pub const THUMBNAIL: &str = "/thumbnail";

/// In seconds: the address of a file changes as often, and is good for one to two of these.
const HOUR: i64 = 3600;

/// What addresses are signed with.
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// What an address is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Putting so many bytes there.
    Put(i32),
    /// Fetching one of the two.
    Get(Which),
}

/// Which of what is kept of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The file as it was put there.
    File,
    /// The small picture that was made of it.
    Thumbnail,
}

impl Which {
    /// What it is called where it is kept.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Thumbnail => "thumbnail",
        }
    }
}

/// The part of an address that says until when it is good, and that it was given here.
#[derive(Clone, Debug)]
pub struct Signature {
    /// In seconds since 1970.
    pub expires: i64,
    /// The signature, in base64.
    pub text: String,
}

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The path to which a file is put.
    pub(super) fn put(&self, id: UploadId, size: i32, until: Timestamp) -> String {
        let expires = until.timestamp();
        let text = self.sign(id, Purpose::Put(size), expires);
        format!("{UPLOADS}{id}?size={size}&expires={expires}&signature={text}")
    }

    /// The path of a file, good for one to two hours, and the same whenever it is asked for within one.
    pub(crate) fn get(&self, id: UploadId, which: Which, now: Timestamp) -> String {
        let expires = (now.timestamp().div_euclid(HOUR) + 2) * HOUR;
        let text = self.sign(id, Purpose::Get(which), expires);
        let end = if which == Which::Thumbnail { THUMBNAIL } else { "" };
        format!("{FILES}{id}{end}?expires={expires}&signature={text}")
    }

    /// Whether an address was given here, for this, and is still good.
    pub(super) fn admits(&self, id: UploadId, purpose: Purpose, signature: &Signature, now: Timestamp) -> bool {
        let Ok(given) = URL_SAFE_NO_PAD.decode(&signature.text) else { return false };
        let signed = self.mac(id, purpose, signature.expires).is_some_and(|mac| mac.verify_slice(&given).is_ok());
        signed && now.timestamp() < signature.expires
    }

    fn sign(&self, id: UploadId, purpose: Purpose, expires: i64) -> String {
        // A MAC of this kind takes keys of any length.
        self.mac(id, purpose, expires)
            .map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
            .unwrap_or_default()
    }

    fn mac(&self, id: UploadId, purpose: Purpose, expires: i64) -> Option<Hmac<Sha256>> {
        let what = match purpose {
            Purpose::Put(size) => format!("put {size}"),
            Purpose::Get(which) => format!("get {}", which.name()),
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id} {what} {expires}").as_bytes());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use entity::id::TypedId;
    use uuid::Uuid;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).expect("a time")
    }

    fn signature(address: &str) -> Signature {
        let value = |name: &str| {
            let (_, rest) = address.split_once(&format!("{name}=")).expect("it is there");
            rest.split('&').next().unwrap_or_default().to_owned()
        };
        Signature { expires: value("expires").parse().expect("a number"), text: value("signature") }
    }

    #[test]
    fn an_address_is_good_for_one_thing_and_for_its_time() {
        let (key, id) = (Key::new([7; 32]), UploadId::from_uuid(Uuid::from_u128(1)));
        let given = signature(&key.put(id, 5, at(1000)));
        assert!(key.admits(id, Purpose::Put(5), &given, at(999)));
        assert!(!key.admits(id, Purpose::Put(5), &given, at(1000)));
        assert!(!key.admits(id, Purpose::Put(6), &given, at(0)));
        assert!(!key.admits(id, Purpose::Get(Which::File), &given, at(0)));
        assert!(!key.admits(UploadId::from_uuid(Uuid::from_u128(2)), Purpose::Put(5), &given, at(0)));
        assert!(!key.admits(id, Purpose::Put(5), &Signature { expires: 2000, ..given.clone() }, at(0)));
        assert!(!Key::new([8; 32]).admits(id, Purpose::Put(5), &given, at(0)));
        for text in ["", "AAAA", "not base64!"] {
            assert!(!key.admits(id, Purpose::Put(5), &Signature { text: text.into(), ..given.clone() }, at(0)));
        }
    }

    #[test]
    fn the_address_of_a_file_stays_for_a_while() {
        let (key, id) = (Key::new([7; 32]), UploadId::from_uuid(Uuid::from_u128(1)));
        let address = |seconds| key.get(id, Which::File, at(seconds));
        assert_eq!(address(7200), address(10_799));
        assert_ne!(address(10_799), address(10_800));
        assert_eq!((signature(&address(7200)).expires, signature(&address(10_799)).expires), (14_400, 14_400));
    }
}

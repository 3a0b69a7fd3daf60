//! Typed ids. Owns their text form and nothing else: what an id points at, and who may see it, is not known here.
//!
//! An id is a UUIDv7 (RFC 9562): ordered by the time it was made, unguessable in its random part, made without a round
//! trip. Clients see it as a TypeID (<https://github.com/jetify-com/typeid/tree/main/spec>): a prefix that names the
//! type, an underscore, and the 128 bits as 26 characters of Crockford's base32, which sort as the ids do.

use std::fmt;

use uuid::Uuid;

/// Why a text is not an id of the type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    /// It has the form of an id, but of another type.
    #[error("expected an id that starts with `{expected}_`")]
    Prefix {
        /// The prefix that was asked for.
        expected: &'static str,
    },
    /// What follows the prefix is not 26 characters of base32.
    #[error("not a well-formed id")]
    Form,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The 26 characters that follow the prefix.
fn encode(uuid: Uuid) -> [u8; 26] {
    let mut bits = uuid.as_u128();
    let mut text = [0; 26];
    for character in text.iter_mut().rev() {
        *character = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    text
}

/// The reverse of [`encode`]; strict, so that each id has one text form only.
fn decode(text: &str) -> Option<Uuid> {
    // 26 characters hold 130 bits: a first one above 7 would not fit.
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes()
        .try_fold(0_u128, |bits, byte| {
            let digit = ALPHABET.iter().position(|&known| known == byte)?;
            Some(bits << 5 | digit as u128)
        })
        .map(Uuid::from_u128)
}

/// An id as clients see it: a prefix that names the type, and a UUID.
pub trait TypedId: Copy + Eq + std::hash::Hash + Ord + fmt::Debug + Send + Sync + 'static {
    /// The prefix, without the underscore.
    const PREFIX: &'static str;
    /// Wraps a UUID.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID within.
    fn uuid(self) -> Uuid;
    /// Reads the text form; only the one text that [`fmt::Display`] gives is accepted.
    fn parse(text: &str) -> Result<Self, ParseIdError> {
        let rest = text.strip_prefix(Self::PREFIX).and_then(|rest| rest.strip_prefix('_'));
        let rest = rest.ok_or(ParseIdError::Prefix { expected: Self::PREFIX })?;
        decode(rest).map(Self::from_uuid).ok_or(ParseIdError::Form)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, sea_orm::DeriveValueType)]
        pub struct $name(Uuid);

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0).escape_ascii())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        // SeaORM asks this of every primary key; no id of ours is ever a number that the database made.
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )*};
}

ids! {
    /// An account: a person, a guest or an assistant.
    UserId = "usr";
    /// A sign-in on one client; lives until it expires or is revoked.
    SessionId = "ses";
    /// A device that an account has signed in on.
    DeviceId = "dev";
    /// A wallet connected to an account.
    WalletId = "wal";
    /// Something that a wallet is asked to sign.
    ChallengeId = "chl";
    /// What makes a challenge good for one use.
    NonceId = "non";
    /// A node, for as long as it runs.
    NodeId = "nod";
    /// A link to a group.
    InvitationId = "inv";
    /// A code by which people are brought along.
    ReferralCodeId = "rfc";
    /// Somebody who came by a referral code.
    ReferralId = "rfl";
    /// One issue of an access and a refresh token.
    TokenId = "tok";
    /// All tokens that descend from one sign-in.
    FamilyId = "fam";
    /// A direct, group or room thread.
    ThreadId = "thr";
    /// A message.
    MessageId = "msg";
    /// A file that a message carries.
    AttachmentId = "att";
    /// A file that is put here.
    UploadId = "upl";
    /// Something said to everybody.
    ChirpId = "chp";
    /// What tokens belong to.
    CollectionId = "col";
    /// A token.
    NftId = "nft";
    /// A token that was asked for.
    MintId = "mnt";
    /// A line of the audit log.
    AuditId = "aud";
    /// A job, while it waits, runs, or has failed.
    JobId = "job";
    /// A job that was given up.
    FailedJobId = "fjb";
    /// One beginning of a job.
    LeaseId = "lse";
    /// Jobs that belong together.
    BatchId = "bat";
    /// One who holds a lock.
    LockOwnerId = "own";
    /// An entry in somebody's diary.
    DiaryEntryId = "dia";
    /// An answer of the assistant's that is kept.
    CachedAnswerId = "aic";
    /// The assistant begins to answer.
    AttemptId = "att";
    /// A key that speaks for an account without a session.
    ApiKeyId = "key";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_is_that_of_the_specification() {
        // From the TypeID specification's valid.json.
        let uuid = Uuid::from_u128(0x01890a5d_ac96_774b_bcce_b302099a8057);
        assert_eq!(UserId(uuid).to_string(), "usr_01h455vb4pex5vsknk084sn02q");
        assert_eq!(UserId::parse("usr_01h455vb4pex5vsknk084sn02q"), Ok(UserId(uuid)));
    }

    #[test]
    fn other_types_and_malformed_texts_are_refused() {
        let id = "usr_01h455vb4pex5vsknk084sn02q";
        assert!(matches!(ThreadId::parse(id), Err(ParseIdError::Prefix { expected: "thr" })));
        for text in [
            "usr_",
            "usr_01H455VB4PEX5VSKNK084SN02Q",
            "usr_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "usr_é1h455vb4pex5vsknk084sn02",
        ] {
            assert_eq!(UserId::parse(text), Err(ParseIdError::Form), "{text}");
        }
        assert_eq!(UserId::parse("usr_7zzzzzzzzzzzzzzzzzzzzzzzzz").map(|id| id.uuid()), Ok(Uuid::max()));
    }
}

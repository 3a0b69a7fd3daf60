//! The message that a wallet signs (EIP-4361, "Sign-In with Ethereum"), as wallets know and show it.

use std::fmt;

use chrono::SecondsFormat;
use entity::Timestamp;

use super::address::Address;

/// What a message says; written out by [`fmt::Display`].
///
/// It is only ever written, not read: what comes back has to be the very text that was given, so there is nothing in it to be
/// believed, and no second reading of it that could differ from the wallet's.
pub(super) struct Message<'a> {
    pub(super) domain: &'a str,
    pub(super) address: Address,
    pub(super) statement: &'a str,
    pub(super) uri: &'a str,
    pub(super) chain_id: i64,
    pub(super) nonce: &'a str,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        writeln!(f, "{} wants you to sign in with your Ethereum account:", self.domain)?;
        writeln!(f, "{}\n", self.address)?;
        writeln!(f, "{}\n", self.statement)?;
        writeln!(f, "URI: {}", self.uri)?;
        writeln!(f, "Version: 1")?;
        writeln!(f, "Chain ID: {}", self.chain_id)?;
        writeln!(f, "{NONCE}{}", self.nonce)?;
        writeln!(f, "Issued At: {}", time(self.issued_at))?;
        write!(f, "Expiration Time: {}", time(self.expires_at))
    }
}

const NONCE: &str = "Nonce: ";
/// Characters of a nonce.
const NONCE_LENGTH: usize = 32;

/// A nonce of the first 128 of these random bits; more would only make the message longer that people are to read.
pub(super) fn nonce(secret: [u8; 32]) -> String {
    let mut nonce = hex::encode(secret);
    nonce.truncate(NONCE_LENGTH);
    nonce
}

/// The nonce that a text has in it, by which to find the message that was given.
pub(super) fn nonce_of(text: &str) -> Option<&str> {
    let nonce = text.split('\n').find_map(|line| line.strip_prefix(NONCE))?;
    let formed = nonce.len() == NONCE_LENGTH && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
    formed.then_some(nonce)
}

#[cfg(test)]
mod tests {
    use super::super::vectors::vectors;
    use super::*;

    #[test]
    fn messages_are_written_as_viem_writes_them() {
        let vectors = vectors();
        let text = |pointer: &str| vectors.pointer(pointer).and_then(|value| value.as_str()).expect("a text");
        let time = |pointer: &str| text(pointer).parse().expect("a time");
        let message = Message {
            domain: text("/domain"),
            address: Address::parse(text("/keys/0/address")).expect("an address"),
            statement: "Sign in with this wallet.",
            uri: text("/uri"),
            chain_id: vectors["chainId"].as_i64().expect("a number"),
            nonce: text("/cases/0/nonce"),
            issued_at: time("/issuedAt"),
            expires_at: time("/expiresAt"),
        };
        assert_eq!(message.to_string(), text("/cases/0/given"));
        assert_eq!(nonce_of(&message.to_string()), Some(text("/cases/0/nonce")));
    }

    #[test]
    fn a_text_without_a_nonce_of_ours_has_none() {
        for text in ["", "Nonce: ", "Nonce: abc", "x Nonce: 0123456789abcdef0123456789abcdef", "Nonce: é"] {
            assert_eq!(nonce_of(text), None, "{text}");
        }
        let nul = format!("Nonce: {}\0", "0".repeat(31));
        assert_eq!(nonce_of(&nul), None, "nothing that a database does not take");
        assert_eq!(nonce([7; 32]).len(), NONCE_LENGTH);
    }
}

//! Addresses of Ethereum: twenty bytes, written as hexadecimal digits whose case is a checksum.

use std::fmt;

use sha3::{Digest, Keccak256};

/// An account of Ethereum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address([u8; 20]);

impl Address {
    /// Reads an address, whatever the case: a mistake in it is found out when it is signed for.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        decode(text).map(Self)
    }

    /// The address of a public key: the last bytes of the hash of its two coordinates.
    pub(super) fn of_key(coordinates: &[u8]) -> Option<Self> {
        Keccak256::digest(coordinates).last_chunk().copied().map(Self)
    }

    /// The key by which it is unique, whatever the case.
    pub(crate) fn key(self) -> String {
        format!("0x{}", hex::encode(self.0))
    }
}

/// As EIP-55 has it: a letter is a capital where the hash of the small ones has a digit above seven.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let small = hex::encode(self.0);
        let hash = hex::encode(Keccak256::digest(&small));
        f.write_str("0x")?;
        small.chars().zip(hash.chars()).try_for_each(|(letter, digit)| {
            let capital = digit > '7';
            write!(f, "{}", if capital { letter.to_ascii_uppercase() } else { letter })
        })
    }
}

/// Reads `0x…`, of just so many bytes.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::vectors::vectors;
    use super::*;

    #[test]
    fn checksums_are_those_of_ethers_whatever_the_case_given() {
        let vectors = vectors();
        let checksums = vectors["checksums"].as_array().expect("a list");
        assert!(checksums.len() > 10);
        for checksum in checksums.iter().filter_map(|text| text.as_str()) {
            let small = checksum.to_lowercase();
            for given in [checksum, &small, &checksum.to_uppercase(), &small.replace("0x", "0X")] {
                let address = Address::parse(given).expect("an address");
                assert_eq!((address.to_string().as_str(), address.key()), (checksum, small.clone()), "{given}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        let good = "0x3D97B8549064a40B0237A728F7065a574CdeCBD2";
        for text in ["", "0x", &good[2..], &good[..41], &format!("{good}0"), &format!("{good}00"), "0xé", " 0x"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
        assert_eq!(Address::parse(&good.replace('D', "g")), None);
    }
}

//! Signatures as wallets make them with `personal_sign` (EIP-191): whose key was it?

use k256::ecdsa::{RecoveryId, Signature as Ecdsa, VerifyingKey};
use sha3::{Digest, Keccak256};

use super::address::{Address, decode};

/// A signature in the form that wallets give: r, s and v in 65 bytes.
#[derive(Clone, Copy)]
pub(super) struct Signature([u8; 65]);

impl Signature {
    /// Reads `0x` and 130 hexadecimal digits; nothing else, so not the shorter form of EIP-2098.
    pub(super) fn parse(text: &str) -> Option<Self> {
        decode(text).map(Self)
    }

    /// The address whose key signed this text, if any did.
    ///
    /// Each signature has a twin with the other s, and some libraries write v in other ways: one form only is taken, so
    /// that nobody makes a second signature of a first.
    pub(super) fn signer(&self, text: &str) -> Option<Address> {
        let [rs @ .., v] = &self.0;
        let is_y_odd = match v {
            27 => false,
            28 => true,
            _ => return None,
        };
        let signature = Ecdsa::from_slice(rs).ok()?;
        if signature.normalize_s() != signature {
            return None;
        }
        let recovery = RecoveryId::new(is_y_odd, false);
        let key = VerifyingKey::recover_from_prehash(&digest(text), &signature, recovery).ok()?;
        // Behind the byte that says that both coordinates follow.
        key.to_sec1_point(false).as_bytes().get(1..).and_then(Address::of_key)
    }
}

/// What `personal_sign` signs in place of a text. What it begins with makes it no transaction.
fn digest(text: &str) -> [u8; 32] {
    let mut hasher = Keccak256::new_with_prefix(format!("\x19Ethereum Signed Message:\n{}", text.len()));
    hasher.update(text);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::super::vectors::vectors;
    use super::*;

    #[test]
    fn signatures_are_taken_as_ethers_makes_them_and_in_no_other_form() {
        let vectors = vectors();
        let own = Address::parse(vectors["keys"][0]["address"].as_str().expect("a text"));
        let cases = vectors["cases"].as_array().expect("a list");
        let text = |case: &serde_json::Value, field: &str| case[field].as_str().expect("a text").to_owned();
        for case in cases {
            let signer = Signature::parse(&text(case, "signature")).and_then(|one| one.signer(&text(case, "message")));
            match case["wrong"].as_str() {
                None => assert_eq!(signer, own, "{}", case["name"]),
                Some("signature") => assert!(signer.is_none() || signer != own, "{}", case["name"]),
                // Another message may be signed as well as any.
                Some(_) => assert!(signer.is_some(), "{}", case["name"]),
            }
        }
        let refused = ["a high s", "a high s with the v of the low one", "v as a bit", "v of EIP-155", "without 0x"];
        for name in refused {
            let case = cases.iter().find(|case| case["name"] == name).expect("a case of this name");
            let signature = Signature::parse(&text(case, "signature"));
            assert_eq!(signature.and_then(|one| one.signer(&text(case, "message"))), None, "{name}");
        }
    }
}

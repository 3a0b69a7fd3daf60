//! Wallets: keys of Ethereum that sign as wallets of people do, and the vectors that other libraries made.

use std::fmt::Write;

use k256::ecdsa::SigningKey;
use serde_json::{Value, json};
use sha3::{Digest, Keccak256};

use crate::account::{PASSWORD, SESSION};
use crate::engine::workspace;
use crate::{Answer, Client, User};

/// What servers are told whose wallets sign in: see [`settings`].
pub const DOMAIN: &str = "chat.example.org";

/// Settings of a server that takes wallets, on two chains.
pub fn settings() -> Vec<(&'static str, &'static str)> {
    vec![("LINNET_WALLET_DOMAIN", DOMAIN), ("LINNET_WALLET_CHAINS", "1,10")]
}

/// What is asked of a wallet.
pub const WALLET: &str = "wallet { id address chainId label isPrimary verifiedAt createdAt }";

/// A key with its address.
#[derive(Clone)]
pub struct Wallet {
    key: SigningKey,
    /// With the checksum of EIP-55.
    pub address: String,
}

impl Wallet {
    /// The wallet of a number: the same one each time.
    pub fn number(number: u64) -> Self {
        Self::of_key(&Keccak256::digest(format!("wallet {number}")))
    }

    /// The wallet of a private key.
    pub fn of_key(key: &[u8]) -> Self {
        let key = SigningKey::from_slice(key).expect("a private key");
        let point = key.verifying_key().to_sec1_point(false);
        let address = checksummed(&hex::encode(&Keccak256::digest(&point.as_bytes()[1..])[12..]));
        Self { key, address }
    }

    /// What `personal_sign` gives for a message.
    pub fn sign(&self, message: &str) -> String {
        let mut hasher = Keccak256::new_with_prefix(format!("\x19Ethereum Signed Message:\n{}", message.len()));
        hasher.update(message);
        let (signature, recovery) = self.key.sign_prehash_recoverable(&hasher.finalize());
        format!("0x{}{:02x}", hex::encode(signature.to_bytes()), 27 + recovery.to_byte())
    }

    /// A message as a client brings it back, signed.
    pub fn signed(&self, message: &str) -> Value {
        json!({ "message": message, "signature": self.sign(message) })
    }
}

/// An address, of forty digits, as EIP-55 has it.
fn checksummed(digits: &str) -> String {
    let hash = hex::encode(Keccak256::digest(digits));
    let mut text = String::from("0x");
    for (digit, nibble) in digits.chars().zip(hash.chars()) {
        write!(text, "{}", if nibble > '7' { digit.to_ascii_uppercase() } else { digit }).unwrap();
    }
    text
}

/// What ethers and viem made: see `tests/vectors`.
pub fn vectors() -> Value {
    let path = workspace().join("tests/vectors/wallets.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("the vectors are JSON")
}

impl Client {
    /// Asks for a message that a wallet is to sign.
    pub async fn try_challenge(&self, address: &str, chain_id: i64) -> Answer {
        let input = json!({ "address": address, "chainId": chain_id });
        self.mutate("walletChallengeCreate", input, "challenge { message nonce expiresAt }").await
    }

    /// The message that a wallet is to sign, on the first chain.
    pub async fn challenge(&self, wallet: &Wallet) -> String {
        self.try_challenge(&wallet.address, 1).await.text("/walletChallengeCreate/challenge/message")
    }

    /// Signs in by what a wallet has signed.
    pub async fn try_sign_in_with(&self, signed: Value) -> Answer {
        self.mutate("sessionCreateWithWallet", signed, SESSION).await
    }

    /// Signs in with a wallet.
    pub async fn sign_in_with(&self, wallet: &Wallet) -> User {
        let signed = wallet.signed(&self.challenge(wallet).await);
        self.signed_in("sessionCreateWithWallet", &self.try_sign_in_with(signed).await)
    }

    /// Signs up by what a wallet has signed, with further fields of the input.
    pub async fn try_sign_up_with(&self, mut signed: Value, more: Value) -> Answer {
        let fields = more.as_object().expect("fields of an input").clone();
        signed.as_object_mut().expect("an input").extend(fields);
        self.mutate("accountCreateWithWallet", signed, SESSION).await
    }
}

impl User {
    /// Connects what has signed.
    pub async fn try_connect(&self, mut signed: Value) -> Answer {
        // Accounts that have no password make nothing of it.
        signed["password"] = json!(PASSWORD);
        self.mutate("walletConnect", signed, WALLET).await
    }

    /// Takes a wallet away.
    pub async fn try_remove_wallet(&self, id: &str) -> Answer {
        self.mutate("walletRemove", json!({ "id": id, "password": PASSWORD }), "removedId").await
    }

    /// Connects a wallet. Its id.
    pub async fn connect(&self, wallet: &Wallet) -> String {
        let signed = wallet.signed(&self.challenge(wallet).await);
        self.try_connect(signed).await.text("/walletConnect/wallet/id")
    }

    /// The own wallets: address, whether it is the primary one, and label.
    pub async fn wallets(&self) -> Vec<(String, bool, Option<String>)> {
        let answer = self.graphql("{ viewer { wallets { nodes { address isPrimary label } } } }", Value::Null).await;
        let wallet = |node: &Value| {
            let label = node["label"].as_str().map(str::to_owned);
            (node["address"].as_str().unwrap().to_owned(), node["isPrimary"].as_bool().unwrap(), label)
        };
        answer.list("/viewer/wallets/nodes").iter().map(wallet).collect()
    }

    /// The address of the wallet that this session was signed in with.
    pub async fn session_wallet(&self) -> Option<String> {
        let answer = self.graphql("{ viewer { session { wallet { address } } } }", Value::Null).await;
        answer.ok("/viewer/session/wallet").get("address").and_then(Value::as_str).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sign_as_those_of_ethers_do() {
        let vectors = vectors();
        let wallet = |nth: usize| {
            let key = vectors["keys"][nth]["key"].as_str().unwrap();
            Wallet::of_key(&hex::decode(key.trim_start_matches("0x")).unwrap())
        };
        for nth in [0, 1] {
            assert_eq!(vectors["keys"][nth]["address"], wallet(nth).address.as_str());
        }
        let mut compared = 0;
        for case in vectors["cases"].as_array().unwrap() {
            let name = case["name"].as_str().unwrap();
            let by = match name {
                "another wallet" | "signed by another" => wallet(1),
                // Signed well, whatever is wrong with the message.
                _ if case["wrong"] == "message" || name == "good" || name == "signed by viem" => wallet(0),
                _ => continue,
            };
            assert_eq!(case["signature"], by.sign(case["message"].as_str().unwrap()).as_str(), "{name}");
            compared += 1;
        }
        assert!(compared > 15, "{compared} signatures were compared");
    }
}

//! What ethers and viem make of messages and keys; `tests/vectors` says how it was made.

/// All of it.
pub(super) fn vectors() -> serde_json::Value {
    let text = include_str!("../../../tests/vectors/wallets.json");
    serde_json::from_str(text).expect("tests/vectors/wallets.json is JSON")
}

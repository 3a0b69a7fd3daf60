//! Accounts that come from elsewhere: files of them, and what the command makes of those.

use std::process::Output;

use serde_json::Value;

use crate::World;
use crate::engine::workspace;

/// A password with the hash that another implementation made of it.
#[derive(Clone, Debug)]
pub struct Vector {
    /// What it shows.
    pub name: String,
    /// The password.
    pub password: String,
    /// Its hash.
    pub hash: String,
}

/// All of `tests/vectors/passwords.json`.
pub fn vectors() -> Vec<Vector> {
    let text = std::fs::read_to_string(workspace().join("tests/vectors/passwords.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let vector =
        |one: &Value| Vector { name: text(&one["name"]), password: text(&one["password"]), hash: text(&one["hash"]) };
    all.as_array().expect("a list").iter().map(vector).collect()
}

/// The vector of this name.
pub fn vector(name: &str) -> Vector {
    vectors().into_iter().find(|vector| vector.name == name).unwrap_or_else(|| panic!("no vector {name}"))
}

impl World {
    /// Imports a file of this content, beside the server that runs.
    pub async fn import(&self, content: impl AsRef<[u8]>) -> Output {
        let path = self.database.directory().join("users.csv");
        std::fs::write(&path, content).unwrap();
        self.command(&["user", "import", "users.csv"]).await
    }

    /// Imports accounts of these names with these hashes, and with addresses as the harness gives them.
    pub async fn import_all(&self, accounts: &[(&str, &str)]) {
        let row = |(name, hash): &(&str, &str)| format!("{name},{name}@example.org,{hash}\n");
        let rows: String = accounts.iter().map(row).collect();
        let output = self.import(format!("username,email,password_hash\n{rows}")).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The hash that is kept of an account's password.
    pub async fn password_hash(&self, username: &str) -> String {
        let sql = format!("SELECT password_hash FROM users WHERE username_key = '{}'", username.to_lowercase());
        self.database.rows(&sql).await[0].try_get_by_index(0).unwrap()
    }
}

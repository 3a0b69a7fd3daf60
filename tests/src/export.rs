//! Exports: asking for one, and fetching it by its link.

use serde_json::{Value, json};

use crate::deadline::within;
use crate::{Answer, Connection, Server, User};

impl User {
    /// Asks for an export.
    pub async fn try_export(&self) -> Answer {
        self.mutate("accountExport", json!({}), "url expiresAt").await
    }

    /// The path to an export.
    pub async fn export_path(&self) -> String {
        let url = self.try_export().await.text("/accountExport/url");
        assert!(url.starts_with("/downloads/lnx_"), "{url}");
        url
    }

    /// An export, as its text.
    pub async fn export_text(&self, server: &Server) -> String {
        let path = self.export_path().await;
        let answer = fetch(server, &path).await;
        assert_eq!(answer.status(), 200);
        within("an export", answer.text()).await.unwrap()
    }

    /// An export.
    pub async fn export(&self, server: &Server) -> Value {
        let text = self.export_text(server).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

/// What a link leads to.
pub async fn fetch(server: &Server, path: &str) -> reqwest::Response {
    within("what a link leads to", server.http().get(server.at(path)).send()).await.unwrap()
}

/// What a link leads to, on a connection that takes so much of it at once, once its answer has begun.
pub async fn begin(server: &Server, path: &str, receive_buffer: u32) -> Connection {
    let mut connection = Connection::narrow(server, Some(receive_buffer)).await;
    connection.say(format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", server.address())).await;
    assert_eq!(connection.head().await.status, 200);
    connection
}

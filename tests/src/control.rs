//! The controls that only a test build of the server has: its clock, its statements, its retention.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Server;

/// One statement that the server sent to the database.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its text.
    pub sql: String,
    /// Its bound values, as text.
    pub values: Vec<String>,
}

impl Server {
    /// Moves the server's clock forward.
    pub async fn advance_clock(&self, by: Duration) {
        self.control("/test/clock", json!({ "advanceSeconds": by.as_secs() })).await;
    }

    /// Moves the server's clock backward, as whoever sets it right may.
    pub async fn turn_back_clock(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap();
        self.control("/test/clock", json!({ "advanceSeconds": -seconds })).await;
    }

    /// Forgets the statements recorded so far and records from now on.
    pub async fn record_statements(&self) {
        self.control("/test/statements", Value::Null).await;
    }

    /// What was sent to the database since [`Server::record_statements`].
    pub async fn statements(&self) -> Vec<Statement> {
        let answer = self.http().get(self.at("/test/statements")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "GET /test/statements");
        let answer: Value = answer.json().await.unwrap();
        let statements = answer["statements"].as_array().expect("a list of statements");
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        statements
            .iter()
            .map(|one| Statement {
                sql: one["sql"].as_str().expect("a statement has its text").to_owned(),
                values: one["values"].as_array().into_iter().flatten().map(text).collect(),
            })
            .collect()
    }

    /// Trims the event log by age, now.
    pub async fn trim_log(&self) {
        self.control("/test/trim", Value::Null).await;
    }

    /// Removes what has expired, now; a job does it.
    pub async fn remove_expired(&self) {
        self.control("/test/expire", Value::Null).await;
    }

    /// Makes the inbox streams take their own look at the database, now.
    pub async fn look_at_inboxes(&self) {
        self.control("/test/inbox-look", Value::Null).await;
    }

    async fn control(&self, path: &str, body: Value) {
        self.controlled(path, body).await;
    }

    /// The same, and what it answers.
    pub(crate) async fn controlled(&self, path: &str, body: Value) -> Value {
        let request = self.http().post(self.at(path));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        assert!(status.is_success(), "POST {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("POST {path}: {error}: {text}"))
    }
}

//! GraphQL over HTTP, and answers that a test can take apart in one line.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::Server;
use crate::deadline::within;
use crate::server::Faults;

/// A client with a token or without.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: String,
    token: Option<String>,
    faults: Arc<Faults>,
}

/// One answer of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub json: Value,
}

/// One entry of a payload's `errors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    /// The code, as clients read it.
    pub code: String,
    /// The sentence for people.
    pub message: String,
    /// Where in the input.
    pub path: Vec<String>,
}

impl Client {
    /// A client that is not signed in.
    pub fn anonymous(server: &Server) -> Self {
        let (http, endpoint) = (server.http().clone(), server.at("/graphql"));
        Self { http, endpoint, token: None, faults: server.faults() }
    }

    /// The same client with connections of its own, for a runtime of its own.
    pub fn apart(&self) -> Self {
        Self { http: reqwest::Client::new(), ..self.clone() }
    }

    /// The same client with a token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Executes a document.
    pub async fn graphql(&self, document: &str, variables: Value) -> Answer {
        match self.try_graphql(document, variables).await {
            Ok(answer) => answer,
            Err(error) => panic!("no answer to {document}: {error:?}"),
        }
    }

    /// Executes a document on a server that may go away meanwhile: an error if no whole answer came.
    pub async fn try_graphql(&self, document: &str, variables: Value) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.post(&self.endpoint).header("accept", "application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let request = request.json(&json!({ "query": document, "variables": variables }));
        let (status, body) = within("an answer over HTTP", async {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            Ok::<_, reqwest::Error>((status, answer.text().await?))
        })
        .await?;
        let json = serde_json::from_str(&body)
            .unwrap_or_else(|error| panic!("{document} is answered with {status} and no JSON ({error}): {body}"));
        let answer = Answer { status, json };
        if answer.error_code() == Some("INTERNAL") {
            self.faults.report(format!("{document} with {variables} is answered with {}", answer.json));
        }
        Ok(answer)
    }

    /// Executes one mutation with its one `input`; `select` is what is asked of the payload beside its `errors`.
    pub async fn mutate(&self, mutation: &str, input: Value, select: &str) -> Answer {
        self.graphql(&mutation_document(mutation, select), json!({ "input": input })).await
    }

    /// [`Client::mutate`] on a server that may go away meanwhile.
    pub async fn try_mutate(&self, mutation: &str, input: Value, select: &str) -> Result<Answer, reqwest::Error> {
        self.try_graphql(&mutation_document(mutation, select), json!({ "input": input })).await
    }
}

/// The document that [`Client::mutate`] sends.
pub fn mutation_document(mutation: &str, select: &str) -> String {
    let input = match mutation {
        "threadMarkRead" | "threadMarkDelivered" => "ThreadMarkInput".to_owned(),
        "reactionAdd" | "reactionRemove" => "ReactionInput".to_owned(),
        other => format!("{}{}Input", other[..1].to_uppercase(), &other[1..]),
    };
    format!("mutation($input: {input}!) {{ {mutation}(input: $input) {{ {select} errors {{ code message path }} }} }}")
}

impl Answer {
    /// The data; fails the test on a top-level error.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert!(self.json.get("errors").is_none(), "a top-level error: {}", self.json);
        &self.json["data"]
    }

    /// What stands at a JSON pointer below `data`; fails the test on any error, top-level or of a payload.
    #[track_caller]
    pub fn ok(&self, pointer: &str) -> &Value {
        let data = self.data();
        for (field, payload) in data.as_object().into_iter().flatten() {
            if let Some(errors) = payload.get("errors").and_then(Value::as_array) {
                assert!(errors.is_empty(), "{field} answers with errors: {}", self.json);
            }
        }
        data.pointer(pointer).unwrap_or_else(|| panic!("nothing at {pointer}: {}", self.json))
    }

    /// [`Answer::ok`] for what has to be a string.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let value = self.ok(pointer);
        value.as_str().unwrap_or_else(|| panic!("no string at {pointer}: {}", self.json)).to_owned()
    }

    /// [`Answer::ok`] for what has to be a number.
    #[track_caller]
    pub fn number(&self, pointer: &str) -> i64 {
        let value = self.ok(pointer);
        value.as_i64().unwrap_or_else(|| panic!("no number at {pointer}: {}", self.json))
    }

    /// [`Answer::ok`] for what has to be a list.
    #[track_caller]
    pub fn list(&self, pointer: &str) -> &Vec<Value> {
        let value = self.ok(pointer);
        value.as_array().unwrap_or_else(|| panic!("no list at {pointer}: {}", self.json))
    }

    /// The `errors` of a mutation's payload; fails the test on a top-level error.
    #[track_caller]
    pub fn user_errors(&self, mutation: &str) -> Vec<UserError> {
        let errors = self.data()[mutation]["errors"].as_array();
        let errors = errors.unwrap_or_else(|| panic!("{mutation} has no errors field: {}", self.json));
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no string: {}", self.json)).to_owned();
        errors
            .iter()
            .map(|error| UserError {
                code: text(&error["code"]),
                message: text(&error["message"]),
                path: error["path"].as_array().expect("an error has a path").iter().map(text).collect(),
            })
            .collect()
    }

    /// Fails the test unless the mutation was refused with an error of this code and path, and with none of another
    /// path, and did nothing else: everything of the payload beside `errors` is null.
    #[track_caller]
    pub fn refused(&self, mutation: &str, code: &str, path: &[&str]) {
        let errors = self.user_errors(mutation);
        assert!(!errors.is_empty(), "{mutation} is not refused: {}", self.json);
        assert_eq!(errors[0].code, code, "{mutation} is refused differently: {}", self.json);
        for error in &errors {
            assert_eq!(error.path, path, "{mutation} is refused elsewhere: {}", self.json);
            assert!(!error.message.trim().is_empty(), "an error tells what is wrong: {}", self.json);
        }
        for (field, value) in self.data()[mutation].as_object().into_iter().flatten() {
            assert!(field == "errors" || value.is_null(), "{mutation} is refused, but has {field}: {}", self.json);
        }
    }

    /// [`Answer::refused`] where the contract does not say at which place of the input.
    #[track_caller]
    pub fn refused_with(&self, mutation: &str, code: &str) {
        let path = self.user_errors(mutation).first().map(|error| error.path.clone()).unwrap_or_default();
        self.refused(mutation, code, &path.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// The `extensions.code` of the first top-level error.
    pub fn error_code(&self) -> Option<&str> {
        self.json.pointer("/errors/0/extensions/code").and_then(Value::as_str)
    }

    /// Fails the test unless the request was refused as a whole with this code.
    #[track_caller]
    pub fn failed(&self, code: &str) {
        assert_eq!(self.error_code(), Some(code), "another top-level error is expected: {}", self.json);
    }
}

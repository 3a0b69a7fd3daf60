//! Documents: what one may be and may cost, whatever transport it comes by. What is more is refused before anything runs.

mod cost;
mod introspection;
mod invalid;
mod nesting;
mod operations;
mod shape;

use serde_json::{Value, json};
use tests::{Answer, Server, Transport};

/// Asks a document on every transport.
async fn ask_all(server: &Server, token: Option<&str>, request: &Value) -> Vec<(Transport, Answer)> {
    let mut answers = Vec::new();
    for transport in Transport::ALL {
        answers.push((transport, transport.ask(server, token, request.clone()).await));
    }
    answers
}

/// Fails the test unless a document runs on every transport.
async fn runs(server: &Server, token: Option<&str>, document: &str) {
    for (transport, answer) in ask_all(server, token, &json!({ "query": document })).await {
        let answered = answer.json.get("data").is_some() && answer.json.get("errors").is_none();
        assert!(answered && answer.status == 200, "{document:.200} by {transport:?}: {}", brief(&answer));
    }
}

/// Fails the test unless a request is refused on every transport for being more than is allowed, and says how much.
async fn refused(server: &Server, token: Option<&str>, request: &Value, measure: &str, limit: u64) -> u64 {
    let mut asked = Vec::new();
    for (transport, answer) in ask_all(server, token, request).await {
        let what = format!("{:.200} by {transport:?}: {}", request["query"], brief(&answer));
        answer.failed("TOO_EXPENSIVE");
        not_run(transport, &answer);
        let extensions = &answer.json["errors"][0]["extensions"];
        assert_eq!((&extensions["measure"], &extensions["limit"]), (&json!(measure), &json!(limit)), "{what}");
        asked.push(extensions["requested"].as_u64().unwrap_or_else(|| panic!("{what}")));
        assert!(asked[0] > limit, "{what}");
        let message = answer.json["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(&limit.to_string()), "for people, too: {what}");
    }
    assert!(asked.iter().all(|one| *one == asked[0]), "{asked:?} for one and the same document");
    asked[0]
}

/// Fails the test unless a request is refused on every transport for not being what the specification calls valid.
async fn invalid(server: &Server, token: Option<&str>, request: &Value) {
    for (transport, answer) in ask_all(server, token, request).await {
        assert_eq!(answer.error_code(), Some("INVALID"), "{request:.300} by {transport:?}: {}", brief(&answer));
        not_run(transport, &answer);
    }
}

/// Fails the test unless nothing of a request was executed.
fn not_run(transport: Transport, answer: &Answer) {
    assert_eq!(answer.json.get("data"), None, "by {transport:?}: {}", brief(answer));
    assert_eq!(answer.status, if transport == Transport::Http { 400 } else { 200 }, "{}", brief(answer));
    for error in answer.json["errors"].as_array().into_iter().flatten() {
        let request_id = error["extensions"]["requestId"].as_str().unwrap_or_default();
        assert!(request_id.starts_with("req_"), "an error can be named: {error}");
        assert!(error.get("path").is_none(), "nothing was executed: {error}");
    }
}

/// An answer, for a message.
fn brief(answer: &Answer) -> String {
    format!("{} {:.600}", answer.status, answer.json.to_string())
}

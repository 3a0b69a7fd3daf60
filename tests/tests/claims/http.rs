//! GraphQL over HTTP: what is taken, what is answered, and who may ask.

mod deadlines;
mod media;
mod origins;
mod requests;
mod results;
mod web;

use serde_json::Value;
use tests::{World, within};

/// An answer over HTTP with its headers.
struct Answered {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Answered {
    /// The value of a header, empty if there is none.
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// What the answer hangs on besides the address, in lower case.
    fn varies(&self) -> String {
        self.headers.get_all("vary").iter().map(|value| value.to_str().unwrap().to_lowercase() + " ").collect()
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text))
    }

    /// Fails the test unless the request was turned away with this status, and a sentence why.
    #[track_caller]
    fn turned_away(&self, status: u16, what: &str) {
        assert_eq!(self.status, status, "{what}: {}", self.text);
        let answer = self.json();
        assert!(answer["errors"][0]["message"].as_str().is_some_and(|why| why.len() > 5), "{what}: {answer}");
        assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{what}: {answer}");
        assert_eq!(answer.get("data"), None, "{what}: {answer}");
    }
}

/// Asks with these headers and nothing more.
async fn ask(world: &World, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answered {
    let request = world.server.http().request(method.parse().unwrap(), world.server.at(path));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = within("an answer", request.body(body.into()).send()).await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answered { status, headers, text: String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned() }
}

/// Sends JSON as clients do, with further headers.
async fn post(world: &World, headers: &[(&str, &str)], body: &Value) -> Answered {
    let headers: Vec<_> = [("content-type", "application/json")].iter().chain(headers).copied().collect();
    ask(world, "POST", "/graphql", &headers, body.to_string()).await
}

//! Language models, by the chat completions of OpenAI's protocol, which many others speak as well. An answer is streamed, and is
//! read with patience for what others leave out. Nothing is tried again here, and nothing that is asked or answered is logged.

use std::fmt;
use std::time::Duration;

use entity::assistant_answer::Failure;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode, Uri, header};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

mod stream;

use stream::{Event, Events};

use crate::infra::web;

/// How to reach a model.
#[derive(Clone)]
pub struct Options {
    /// What the protocol's paths come behind, such as `https://api.example.org/v1`.
    pub endpoint: String,
    /// What speaks for this installation there.
    pub key: Option<String>,
    /// What it is called there.
    pub model: String,
    /// For how long nothing may come.
    pub stall: Duration,
    /// How long an answer may take in all.
    pub longest: Duration,
}

// The key is nobody's business who looks at settings.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("endpoint", &self.endpoint).field("model", &self.model).finish_non_exhaustive()
    }
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// Whoever runs the installation.
    System,
    /// Somebody who asks.
    User,
    /// The model itself.
    Assistant,
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// Who said it.
    pub role: Speaker,
    /// What.
    pub content: String,
}

/// What an answer took, as the endpoint reckons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of what was asked.
    pub input: i64,
    /// Tokens of the answer.
    pub output: i64,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Trouble {
    /// What kind of trouble.
    pub failure: Failure,
    /// When to come again, if that was said.
    pub retry_after: Option<Duration>,
    /// For the log: nothing of what was asked or answered.
    pub why: String,
}

impl Trouble {
    /// Trouble of which nobody has said when it is over.
    pub fn new(failure: Failure, why: impl Into<String>) -> Self {
        Self { failure, retry_after: None, why: why.into() }
    }
}

/// A model that can be asked.
pub struct Model {
    options: Options,
    address: Uri,
    client: web::Client<Full<Bytes>>,
}

#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    messages: &'a [Turn],
    stream: bool,
    stream_options: StreamOptions,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl Model {
    /// The model; a sentence about what is wrong with the options otherwise. Connects to nothing yet.
    pub fn new(options: &Options) -> Result<Self, String> {
        let address = format!("{}/chat/completions", options.endpoint.trim_end_matches('/'));
        let address: Uri = address.parse().map_err(|_| "it is no address")?;
        if !matches!(address.scheme_str(), Some("http" | "https")) || address.host().is_none() {
            return Err("it must begin with https:// or http://".into());
        }
        if options.key.as_ref().is_some_and(|key| header::HeaderValue::from_str(key).is_err()) {
            return Err("the key has characters that no key has".into());
        }
        Ok(Self { options: options.clone(), address, client: web::client()? })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.options.model
    }

    /// Asks it. What it answers comes piece by piece.
    pub async fn ask(&self, turns: &[Turn]) -> Result<Reply, Trouble> {
        let ends = Instant::now() + self.options.longest;
        let asked = self.client.request(self.request(turns)?);
        let response = match timeout_at(ends.min(Instant::now() + self.options.stall), asked).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => {
                return Err(Trouble::new(Failure::Unreachable, "the endpoint can't be reached"));
            }
            Ok(Err(error)) => return Err(Trouble::new(Failure::CutOff, error.to_string())),
            Err(_) => return Err(Trouble::new(Failure::Stalled, "the endpoint says nothing")),
        };
        if response.status() != StatusCode::OK {
            return Err(refusal(&response));
        }
        Ok(Reply {
            body: response.into_body(),
            events: Events::default(),
            stall: self.options.stall,
            ends,
            usage: None,
            finish: None,
        })
    }

    fn request(&self, turns: &[Turn]) -> Result<Request<Full<Bytes>>, Trouble> {
        let asked = Asked {
            model: &self.options.model,
            messages: turns,
            stream: true,
            stream_options: StreamOptions { include_usage: true },
        };
        let wrong = |why: String| Trouble::new(Failure::Broken, why);
        let body = serde_json::to_vec(&asked).map_err(|error| wrong(error.to_string()))?;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.address.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream");
        if let Some(key) = &self.options.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        request.body(Full::from(body)).map_err(|error| wrong(error.to_string()))
    }
}

/// What an endpoint says that does not answer.
fn refusal(response: &Response<Incoming>) -> Trouble {
    let status = response.status();
    let failure = match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Failure::Busy,
        StatusCode::REQUEST_TIMEOUT => Failure::Stalled,
        _ if status.is_server_error() => Failure::Broken,
        _ => Failure::Refused,
    };
    let why = format!("the endpoint answered {}", status.as_u16());
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    Trouble { failure, retry_after: retry_after(header(header::RETRY_AFTER), header(header::DATE)), why }
}

/// For how long it is to be left alone: it says how many seconds, or until when, by its own clock.
fn retry_after(after: Option<&str>, now: Option<&str>) -> Option<Duration> {
    let after = after?.trim();
    if let Ok(seconds) = after.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let [until, now] = [after, now?].map(|date| chrono::DateTime::parse_from_rfc2822(date).ok());
    (until? - now?).to_std().ok()
}

/// How an answer ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finish {
    /// As it should.
    Whole,
    /// It was longer than the endpoint makes answers.
    Long,
}

/// An answer that is being given.
pub struct Reply {
    body: Incoming,
    events: Events,
    stall: Duration,
    ends: Instant,
    usage: Option<Usage>,
    finish: Option<Finish>,
}

impl Reply {
    /// The next piece of it; none once it is whole. Asking may be given up and begun again without losing anything.
    pub async fn next(&mut self) -> Result<Option<String>, Trouble> {
        loop {
            while let Some(event) = self.events.next() {
                match event.map_err(|why| Trouble::new(Failure::Broken, why))? {
                    Event::Done => {
                        self.finish.get_or_insert(Finish::Whole);
                        return Ok(None);
                    }
                    Event::Piece { text, usage, finish } => {
                        self.usage = usage.or(self.usage);
                        let finish = finish.map(|why| if why == "length" { Finish::Long } else { Finish::Whole });
                        self.finish = finish.or(self.finish);
                        if !text.is_empty() {
                            return Ok(Some(text));
                        }
                    }
                }
            }
            let silent = self.ends.min(Instant::now() + self.stall);
            match timeout_at(silent, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    if let Some(bytes) = frame.data_ref() {
                        self.events.take(bytes).map_err(|why| Trouble::new(Failure::Broken, why))?;
                    }
                }
                // Some say why they stop, and not that they have.
                Ok(None) if self.finish.is_some() => return Ok(None),
                Ok(None) => return Err(Trouble::new(Failure::CutOff, "the answer ended in the middle")),
                Ok(Some(Err(error))) => return Err(Trouble::new(Failure::CutOff, error.to_string())),
                Err(_) => return Err(Trouble::new(Failure::Stalled, "the answer goes on no more")),
            }
        }
    }

    /// What it took so far, if the endpoint has said so.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Whether the endpoint ended it because it was too long.
    pub fn is_cut(&self) -> bool {
        self.finish == Some(Finish::Long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_come_again_is_said_in_seconds_or_by_a_date() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(retry_after(Some(" 7 "), None), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(Some("Sun, 06 Nov 1994 09:49:38 GMT"), date), Some(Duration::from_secs(3601)));
        for (after, now) in
            [(None, date), (Some("soon"), date), (date, None), (date, Some("Mon, 07 Nov 1994 00:00:00 GMT"))]
        {
            assert_eq!(retry_after(after, now), None, "{after:?} at {now:?}");
        }
    }
}

//! A subscription that is asked for again, from where it stands, for as long as somebody wants it.

use std::sync::Arc;
use std::time::Duration;

use async_stream::try_stream;
use futures_util::Stream;
use graphql_client::Response as Answer;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::client::{Inner, typed};
use crate::session::refresh;
use crate::socket::Subscription;
use crate::{Error, Pace};

/// How often in a row a stream is asked for that the server fails at, and not the network.
const TRIES: u32 = 6;
/// How many times as long as a socket a stream may be silent that has heartbeats. Those come from whoever reads the log: without them
/// there is nothing to hear, whatever the socket says. Servers that are set to send them less often are asked again, which does no harm.
const BEATS: u32 = 4;
/// How long to wait for a socket, at the most.
const OPEN: Duration = Duration::from_secs(15);
const RESUMABLE: &str = "A stream that is to go on where it was cut declares `$after: Cursor`, gives it to its field, and selects `cursor`.";

/// The answers of a subscription, each once and in order, whatever happens to the connection. A frame is read when it is asked for, and
/// its cursor is what the stream goes on from: nothing lies in between that could be lost or come twice.
pub(crate) fn stream<T: DeserializeOwned>(
    inner: Arc<Inner>,
    body: Result<Value, Error>,
) -> impl Stream<Item = Result<T, Error>> {
    let mut end = inner.end.subscribe();
    try_stream! {
        let mut position = Position::new(body?, inner.silence);
        loop {
            let token = inner.session.tokens().map(|tokens| tokens.access);
            let left = 'asked: {
                let opening = timeout(OPEN, Subscription::open(&inner.web, &position.body, token.as_deref(), inner.silence));
                let opened = tokio::select! {
                    opened = opening => opened.unwrap_or(Err(Error::Timeout)),
                    _ = end.changed() => return,
                };
                let mut subscription = match opened {
                    Ok(subscription) => subscription,
                    Err(error) => break 'asked error,
                };
                loop {
                    let heard = tokio::select! {
                        heard = subscription.next(position.patience) => heard,
                        _ = end.changed() => return,
                    };
                    match heard {
                        Ok(Some(answer)) => match position.take(answer) {
                            Ok(Some(data)) => yield typed(data)?,
                            Ok(None) => {}
                            Err(error) => break 'asked error,
                        },
                        Ok(None) => return,
                        Err(error) => break 'asked error,
                    }
                }
            };
            let pause = position.recover(&inner, left, token).await?;
            tokio::select! {
                () = sleep(pause) => {}
                _ = end.changed() => return,
            }
        }
    }
}

/// Where a stream stands.
struct Position {
    /// What it is asked for with: from the cursor of the last frame on.
    body: Value,
    resumes: bool,
    /// How often it was asked for since the last frame.
    failures: u32,
    /// How often the server has failed at it since then, and not the network.
    refusals: u32,
    silence: Duration,
    /// How long nothing may come, once it is known that something has to.
    patience: Option<Duration>,
}

impl Position {
    fn new(body: Value, silence: Duration) -> Self {
        let resumes = declares_after(&body);
        Self { body, resumes, failures: 0, refusals: 0, silence, patience: None }
    }

    /// Notes where the stream stands now, and gives what the application is to see. What could not be read as a whole is asked for
    /// again, rather than given as if the rest were null.
    fn take(&mut self, answer: Answer<Value>) -> Result<Option<Value>, Error> {
        if let Some(errors) = answer.errors.filter(|errors| !errors.is_empty()) {
            return Err(Error::told(errors, answer.data, None));
        }
        let data = answer.data.unwrap_or_default();
        let frame = data.as_object().and_then(|data| data.values().next()).filter(|frame| frame.is_object());
        let Some(frame) = frame else { return Err(Error::Protocol("A frame without data came.".to_owned())) };
        let (cursor, kind) = (frame["cursor"].as_str(), frame["__typename"].as_str().unwrap_or_default());
        match (self.resumes, cursor) {
            (true, Some(cursor)) => self.body["variables"]["after"] = cursor.into(),
            (false, None) => {}
            _ => return Err(Error::Protocol(RESUMABLE.to_owned())),
        }
        if kind.ends_with("CaughtUp") {
            self.patience = Some(self.silence * BEATS);
        }
        (self.failures, self.refusals) = (0, 0);
        let is_hidden = kind.ends_with("Heartbeat");
        Ok((!is_hidden).then_some(data))
    }

    /// How long to wait until it may work again; fails if it won't.
    async fn recover(&mut self, inner: &Arc<Inner>, left: Error, token: Option<String>) -> Result<Duration, Error> {
        self.failures += 1;
        self.refusals += u32::from(!left.is_transient());
        let mut why = left;
        if why.has_code("UNAUTHENTICATED") {
            let Some(token) = token else { return Err(why) };
            match refresh(inner, token).await {
                Ok(Some(_)) if self.refusals == 1 => return Ok(Duration::ZERO),
                Ok(Some(_)) => {}
                Ok(None) => return Err(why),
                Err(failure) if failure.is_transient() => why = failure,
                Err(failure) => return Err(failure),
            }
        }
        let may_pass = why.has_code("INTERNAL") || why.has_code("UNAUTHENTICATED");
        if !why.is_transient() && (!may_pass || self.refusals >= TRIES) {
            return Err(why);
        }
        let pause = Pace::pause(inner.pace, self.failures, why.retry_after());
        tracing::info!(?pause, %why, "a stream waits");
        Ok(pause)
    }
}

/// Whether the subscription has a variable `$after`. There may be others in its text.
fn declares_after(body: &Value) -> bool {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let named =
        text("query").split("subscription").filter_map(|rest| rest.trim_start().strip_prefix(text("operationName")));
    let is_after = |name: &str| name.strip_prefix("after").is_some_and(|rest| rest.trim_start().starts_with(':'));
    let mut declarations = named.filter_map(|rest| rest.trim_start().strip_prefix('(')?.split(')').next());
    declarations.any(|declared| declared.split('$').any(is_after))
}

//! One subscription over graphql-transport-ws, on a socket of its own. It never connects again by itself: whoever does says where to go on.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use graphql_client::Response as Answer;
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as Failure, Message as Frame};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::Error;
use crate::error::ServerError;
use crate::web::{LARGEST, Web, Wire, no_answer};

/// What the server says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Message {
    ConnectionAck,
    Ping,
    Next {
        payload: Answer<Value>,
    },
    Error {
        payload: Vec<ServerError>,
    },
    Complete,
    /// What a newer server may say.
    #[serde(other)]
    Other,
}

/// The answers of one subscription, as long as the socket holds.
pub(crate) struct Subscription {
    socket: WebSocketStream<Wire>,
    silence: Duration,
}

impl Subscription {
    /// Connects, says who asks, and asks.
    pub(crate) async fn open(web: &Web, body: &Value, token: Option<&str>, silence: Duration) -> Result<Self, Error> {
        let mut request = web.socket_url().into_client_request().map_err(|error| Error::Protocol(error.to_string()))?;
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("graphql-transport-ws"));
        let limits = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        let shaken = client_async_with_config(request, web.connect().await?, Some(limits)).await;
        let (socket, _) = shaken.map_err(|failure| match failure {
            Failure::Http(response) => no_answer(response.status(), response.headers(), "does not open a socket"),
            other => Error::network(&other),
        })?;
        let mut subscription = Self { socket, silence };
        let who = token.map_or_else(|| json!({}), |token| json!({ "authorization": format!("Bearer {token}") }));
        subscription.say(&json!({ "type": "connection_init", "payload": who })).await?;
        while !matches!(subscription.hear().await?, Message::ConnectionAck) {}
        subscription.say(&json!({ "type": "subscribe", "id": "1", "payload": body })).await?;
        Ok(subscription)
    }

    /// The next answer; `None` if there is none any more. It has to come within this time, if that is known.
    pub(crate) async fn next(&mut self, patience: Option<Duration>) -> Result<Option<Answer<Value>>, Error> {
        let answer = async {
            loop {
                match self.hear().await? {
                    Message::Next { payload } => return Ok(Some(payload)),
                    Message::Error { payload } => return Err(Error::told(payload, None, None)),
                    Message::Complete => return Ok(None),
                    Message::ConnectionAck | Message::Ping | Message::Other => {}
                }
            }
        };
        match patience {
            None => answer.await,
            Some(patience) => timeout(patience, answer).await.map_err(|_| silent("stream"))?,
        }
    }

    /// What the server says next. Pings are answered on the way.
    async fn hear(&mut self) -> Result<Message, Error> {
        loop {
            let heard = timeout(self.silence, self.socket.next()).await.map_err(|_| silent("socket"))?;
            let text = match heard {
                Some(Ok(Frame::Text(text))) => text,
                Some(Ok(Frame::Close(frame))) => return Err(closed(frame.as_ref())),
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(Error::network(&error)),
                None => return Err(closed(None)),
            };
            match serde_json::from_str(&text) {
                Ok(Message::Ping) => self.say(&json!({ "type": "pong" })).await?,
                Ok(message) => return Ok(message),
                Err(error) => {
                    return Err(Error::Protocol(format!("What the server said is not of the protocol: {error}")));
                }
            }
        }
    }

    async fn say(&mut self, message: &Value) -> Result<(), Error> {
        let sent = timeout(self.silence, self.socket.send(Frame::text(message.to_string()))).await;
        sent.map_err(|_| silent("socket"))?.map_err(|error| Error::network(&error))
    }
}

fn silent(what: &str) -> Error {
    Error::Network(format!("The {what} has fallen silent."))
}

/// What a close says. What is not named here is a cut: the way is tried again.
fn closed(frame: Option<&CloseFrame>) -> Error {
    let (code, reason) = frame.map_or((1006, ""), |frame| (frame.code.into(), frame.reason.as_str()));
    let said = format!("The socket was closed: {code} {reason}");
    match code {
        4403 => Error::said("UNAUTHENTICATED", said, None),
        1013 => Error::said("UNAVAILABLE", said, Some(Duration::from_secs(1))),
        1009 | 4400 | 4401 | 4406 | 4409 | 4429 => Error::Protocol(said),
        _ => Error::Network(said),
    }
}

//! graphql-transport-ws over a raw TCP stream, so that a test can cut it, stall it and break its rules.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::deadline::within;
use crate::{Frame, Server, Subscription};

/// The subprotocol.
pub const PROTOCOL: &str = "graphql-transport-ws";

/// What comes on a socket outside of operations.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// A message without an operation of ours, such as `connection_ack`.
    Message(Value),
    /// The socket was closed with this code and reason.
    Closed(u16, String),
    /// The connection ended without a close frame.
    Lost(String),
}

/// One WebSocket connection.
pub struct Socket {
    commands: Line,
    control: tokio::sync::Mutex<mpsc::UnboundedReceiver<Control>>,
    operations: Operations,
    last_id: AtomicU64,
}

type Operations = Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Frame>>>>;

/// What a driver is told by, and what it lives by: it ends when nobody holds one any more.
pub(crate) type Line = mpsc::UnboundedSender<Command>;

pub(crate) enum Command {
    Send(Message),
    Pause,
    Resume,
    Cut(oneshot::Sender<()>),
}

/// How to open a socket in an unusual way.
#[derive(Clone, Debug)]
pub struct Opening<'a> {
    /// The subprotocol to ask for, if any.
    pub protocol: Option<&'a str>,
    /// Further headers of the upgrade request.
    pub headers: &'a [(&'a str, &'a str)],
    /// The size of the kernel's receive buffer: small for a test that stops reading.
    pub receive_buffer: Option<u32>,
    /// Where to connect if it is not the server itself: a proxy in front of it.
    pub through: Option<SocketAddr>,
}

impl Default for Opening<'_> {
    fn default() -> Self {
        Self { protocol: Some(PROTOCOL), headers: &[], receive_buffer: None, through: None }
    }
}

impl Socket {
    /// A socket with its `connection_init` acknowledged; anonymous without a token.
    pub async fn connect(server: &Server, token: Option<&str>) -> Self {
        let socket = Self::open(server).await;
        socket.init(token).await;
        socket
    }

    /// A socket on which nothing has been said yet.
    pub async fn open(server: &Server) -> Self {
        Self::open_as(server, &Opening::default()).await.unwrap_or_else(|error| panic!("no socket: {error}"))
    }

    /// A socket opened in an unusual way; an error if the server refuses the upgrade.
    pub async fn open_as(server: &Server, opening: &Opening<'_>) -> Result<Self, Error> {
        let stream = raw(server, opening).await?;
        let (commands, todo) = mpsc::unbounded_channel();
        let (out, control) = mpsc::unbounded_channel();
        let operations = Operations::default();
        let driver = Driver { stream, todo, operations: Arc::clone(&operations), control: out };
        tokio::spawn(driver.run());
        Ok(Self { commands, control: tokio::sync::Mutex::new(control), operations, last_id: AtomicU64::new(0) })
    }

    /// Says `connection_init` and waits for the acknowledgement.
    pub async fn init(&self, token: Option<&str>) {
        let payload = token.map_or_else(|| json!({}), |token| json!({ "authorization": format!("Bearer {token}") }));
        self.say(json!({ "type": "connection_init", "payload": payload }));
        let answer = self.control().await;
        let Control::Message(answer) = answer else { panic!("an acknowledgement is expected, not {answer:?}") };
        assert_eq!(answer["type"], "connection_ack", "an acknowledgement is expected");
    }

    /// Says `connection_init` as nobody in particular, to a server that may go away meanwhile: whether it was acknowledged.
    pub async fn try_init(&self) -> bool {
        self.say(json!({ "type": "connection_init" }));
        matches!(self.control().await, Control::Message(answer) if answer["type"] == "connection_ack")
    }

    /// Starts an operation under a fresh id.
    pub async fn subscribe(&self, document: &str, variables: Value) -> Subscription {
        let id = format!("s{}", self.last_id.fetch_add(1, Ordering::Relaxed) + 1);
        let subscription = self.listen(&id);
        let payload = json!({ "query": document, "variables": variables });
        self.say(json!({ "id": id, "type": "subscribe", "payload": payload }));
        subscription
    }

    /// Takes what comes for this id, without starting anything.
    pub fn listen(&self, id: &str) -> Subscription {
        let (sender, frames) = mpsc::unbounded_channel();
        self.operations.lock().unwrap().insert(id.to_owned(), sender);
        Subscription::new(id.to_owned(), frames, self.commands.clone())
    }

    /// Says that an operation is not wanted any more. What was under way still comes.
    pub fn complete(&self, subscription: &Subscription) {
        self.say(json!({ "id": subscription.id(), "type": "complete" }));
    }

    /// Sends any message.
    pub fn say(&self, message: Value) {
        self.say_text(&message.to_string());
    }

    /// Sends any text, JSON or not.
    pub fn say_text(&self, text: &str) {
        self.say_frame(Message::text(text));
    }

    /// Sends any WebSocket frame.
    pub fn say_frame(&self, frame: Message) {
        let _ = self.commands.send(Command::Send(frame));
    }

    /// The next message that belongs to no operation, or the end of the socket.
    pub async fn control(&self) -> Control {
        let next = within("a message on the socket", async { self.control.lock().await.recv().await }).await;
        next.unwrap_or_else(|| Control::Lost("the socket is gone".to_owned()))
    }

    /// The code with which the socket is closed; messages before that are passed over.
    pub async fn closed(&self) -> u16 {
        loop {
            match self.control().await {
                Control::Message(_) => {}
                Control::Closed(code, _) => return code,
                Control::Lost(why) => panic!("a close frame is expected, but the connection was lost: {why}"),
            }
        }
    }

    /// Stops reading from the TCP stream: what the server writes piles up.
    pub fn pause(&self) {
        let _ = self.commands.send(Command::Pause);
    }

    /// Reads again.
    pub fn resume(&self) {
        let _ = self.commands.send(Command::Resume);
    }

    /// Cuts the connection with a TCP reset. Frames that were read before are still in the subscriptions' queues.
    pub async fn cut(self) {
        let (done, cut) = oneshot::channel();
        let _ = self.commands.send(Command::Cut(done));
        let _ = within("the connection to be cut", cut).await;
    }

    /// Closes the connection as a client that leaves does.
    pub fn close(&self) {
        self.say_frame(Message::Close(None));
    }
}

/// The stream of a socket that nobody drives, for tests that speak no WebSocket over it.
pub async fn raw(server: &Server, opening: &Opening<'_>) -> Result<WebSocketStream<TcpStream>, Error> {
    let mut request = format!("ws://{}/graphql", server.address()).into_client_request()?;
    for (name, value) in opening.headers {
        let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    if let Some(protocol) = opening.protocol {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
    }
    let connecting = TcpSocket::new_v4()?;
    if let Some(bytes) = opening.receive_buffer {
        connecting.set_recv_buffer_size(bytes)?;
    }
    let stream = within("a TCP connection", connecting.connect(opening.through.unwrap_or(server.address()))).await?;
    stream.set_nodelay(true)?;
    let (stream, _) = within("the WebSocket handshake", client_async(request, stream)).await?;
    Ok(stream)
}

/// Owns the stream: reads unless paused, and does what it is told. Ends with the stream, a cut, or its last [`Line`].
struct Driver {
    stream: WebSocketStream<TcpStream>,
    todo: mpsc::UnboundedReceiver<Command>,
    operations: Operations,
    control: mpsc::UnboundedSender<Control>,
}

impl Driver {
    async fn run(mut self) {
        let mut paused = false;
        loop {
            tokio::select! {
                biased;
                command = self.todo.recv() => match command {
                    // The answer to a failed send is what the next read gives.
                    Some(Command::Send(message)) => drop(self.stream.send(message).await),
                    Some(Command::Pause) => paused = true,
                    Some(Command::Resume) => paused = false,
                    Some(Command::Cut(done)) => {
                        SockRef::from(self.stream.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
                        drop(self.stream);
                        let _ = done.send(());
                        return;
                    }
                    None => return,
                },
                message = self.stream.next(), if !paused => match message {
                    Some(Ok(Message::Text(text))) => self.take(text.as_str()).await,
                    Some(Ok(Message::Close(close))) => {
                        let (code, why) = close.map_or((1005, String::new()), |c| (c.code.into(), c.reason.to_string()));
                        return self.end(Control::Closed(code, why.clone()), Frame::Closed(code, why));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        return self.end(Control::Lost(error.to_string()), Frame::Lost(error.to_string()));
                    }
                    None => {
                        let why = "the end of the stream".to_owned();
                        return self.end(Control::Lost(why.clone()), Frame::Lost(why));
                    }
                },
            }
        }
    }

    async fn take(&mut self, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("the server sent no JSON: {text}"));
        let frame = match message["type"].as_str() {
            Some("next") => Frame::Next(message["payload"].clone()),
            Some("error") => Frame::Error(message["payload"].clone()),
            Some("complete") => Frame::Complete,
            Some("ping") => {
                let _ = self.stream.send(Message::text(json!({ "type": "pong" }).to_string())).await;
                return;
            }
            _ => return drop(self.control.send(Control::Message(message))),
        };
        let known = message["id"].as_str().and_then(|id| self.operations.lock().unwrap().get(id).cloned());
        match known {
            Some(operation) => drop(operation.send(frame)),
            None => drop(self.control.send(Control::Message(message))),
        }
    }

    fn end(&self, control: Control, frame: Frame) {
        for operation in self.operations.lock().unwrap().values() {
            let _ = operation.send(frame.clone());
        }
        let _ = self.control.send(control);
    }
}

//! Hands messages of sockets on one by one, as they are or as a server of another version would say them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::interval;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{accept_hdr_async, connect_async};

/// What a client is told in the place of a message of the server's, if anything.
type Rewrite = Box<dyn FnMut(Value) -> Option<Value> + Send>;

/// Ends when this is dropped.
pub(crate) struct Relay {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

struct State {
    target: SocketAddr,
    said: Mutex<Vec<Value>>,
    rewrite: Mutex<Rewrite>,
    /// How often clients are pinged beside what the server says.
    pings: Duration,
    cut: watch::Sender<()>,
}

impl Relay {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        Self::pinging(target, Duration::from_secs(3600)).await
    }

    /// One that pings its clients so often.
    pub(crate) async fn pinging(target: SocketAddr, pings: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (said, cut) = (Mutex::default(), watch::Sender::default());
        let state = Arc::new(State { target, said, rewrite: Mutex::new(Box::new(Some)), pings, cut });
        let (address, accepted) = (listener.local_addr().unwrap(), Arc::clone(&state));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&accepted)));
            }
        });
        Self { address, state, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }

    pub(crate) fn rewrites(&self, rewrite: impl FnMut(Value) -> Option<Value> + Send + 'static) {
        *self.state.rewrite.lock().unwrap() = Box::new(rewrite);
    }

    /// What subscriptions were asked for with, one after the other.
    pub(crate) fn asked(&self) -> Vec<Value> {
        let said = self.state.said.lock().unwrap();
        said.iter()
            .filter(|said| said["type"] == "subscribe")
            .map(|said| said["payload"]["variables"].clone())
            .collect()
    }

    pub(crate) fn cut_all(&self) {
        self.state.cut.send_replace(());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

async fn serve(client: TcpStream, state: Arc<State>) {
    let mut cut = state.cut.subscribe();
    tokio::select! {
        () = pass(client, &state) => {}
        _ = cut.changed() => {}
    }
}

async fn pass(client: TcpStream, state: &State) {
    #[expect(clippy::result_large_err, reason = "the handshake's callback has this shape")]
    let speaks = |_: &Request, mut response: Response| {
        response.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        Ok(response)
    };
    let mut client = accept_hdr_async(client, speaks).await.unwrap();
    let mut request = format!("ws://{}/graphql", state.target).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let (mut server, _) = connect_async(request).await.unwrap();
    let mut pings = interval(state.pings);
    loop {
        let told = tokio::select! {
            said = client.next() => match said {
                Some(Ok(Message::Text(text))) => {
                    state.said.lock().unwrap().push(serde_json::from_str(&text).unwrap());
                    server.send(Message::Text(text)).await
                }
                Some(Ok(_)) => continue,
                _ => return,
            },
            said = server.next() => match said {
                Some(Ok(Message::Text(text))) => {
                    let message = (state.rewrite.lock().unwrap())(serde_json::from_str(&text).unwrap());
                    let Some(message) = message else { continue };
                    client.send(Message::text(message.to_string())).await
                }
                Some(Ok(_)) => continue,
                _ => return,
            },
            _ = pings.tick() => client.send(Message::text(json!({ "type": "ping" }).to_string())).await,
        };
        if told.is_err() {
            return;
        }
    }
}

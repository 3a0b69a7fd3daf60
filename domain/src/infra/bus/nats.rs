//! Hints between nodes, over NATS. Whether it is there, away, cut off or frozen: nobody waits for it, and what it loses
//! is healed by those who look for themselves.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use futures_util::{FutureExt, StreamExt};
use percent_encoding::percent_decode_str;
use tokio::sync::{broadcast, mpsc};
use tokio::task::unconstrained;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Hint;

/// Three pings without an answer, and the connection is given up.
const PING: Duration = Duration::from_secs(1);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(2);
/// The longest pause between two attempts to connect.
const PAUSE: Duration = Duration::from_secs(1);
/// How often lost hints are owned up to at the most.
const OWN_UP: Duration = Duration::from_secs(1);
/// How long a node that stops waits for its last hints to leave.
const FAREWELL: Duration = Duration::from_millis(500);
/// Hints that wait for the connection before they are lost, and that were received and wait to be heard.
const QUEUE: usize = 4096;

/// How to reach NATS. Its `Debug` shows no secrets.
#[derive(Clone)]
pub struct Options {
    servers: Vec<ServerAddr>,
    user: Option<(String, Option<String>)>,
    subject: String,
}

impl Options {
    /// Reads `nats://host:port` or `tls://…`, or several with commas between, each with `user:password@` or `token@` if
    /// the server asks for it. Hints go to subjects that begin with `subject`. The error repeats nothing of the address.
    pub fn new(url: &str, subject: &str) -> Result<Self, &'static str> {
        let mut user = None;
        let mut servers = Vec::new();
        for address in url.split(',').map(str::trim) {
            if !address.starts_with("nats://") && !address.starts_with("tls://") {
                return Err("an address of NATS begins with nats:// or tls://");
            }
            let address: ServerAddr = address.parse().map_err(|_| "an address of NATS can't be read")?;
            let (name, password) = (address.username().map(plain), address.password().map(plain));
            // The client logs its addresses; it gets them without secrets.
            let mut address = address.into_inner();
            if address.set_username("").and_then(|()| address.set_password(None)).is_err() {
                return Err("an address of NATS has no host");
            }
            servers.push(ServerAddr::from_url(address).map_err(|_| "an address of NATS can't be read")?);
            user = user.or(name.map(|name| (name, password)));
        }
        let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if !subject.split('.').all(word) {
            return Err("a subject of NATS is words of letters, digits, - and _ with dots between");
        }
        Ok(Self { servers, user, subject: subject.to_owned() })
    }

    /// The hosts and ports.
    pub fn name(&self) -> String {
        let names: Vec<_> = self.servers.iter().map(|server| format!("{}:{}", server.host(), server.port())).collect();
        names.join(", ")
    }

    /// What every connection of ours has in common.
    fn connecting(&self) -> ConnectOptions {
        let options = ConnectOptions::new().name("linnet").connection_timeout(CONNECT).ping_interval(PING);
        match self.user.clone() {
            None => options,
            Some((token, None)) => options.token(token),
            Some((name, Some(password))) => options.user_and_password(name, password),
        }
    }

    /// Connects once, and says how long that took and what version answers.
    pub(crate) async fn probe(&self) -> Result<(Duration, String), String> {
        let begun = Instant::now();
        let client = self.connecting().connect(&self.servers[..]).await.map_err(|error| error.to_string())?;
        Ok((begun.elapsed(), client.server_info().version))
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("servers", &self.name()).field("subject", &self.subject).finish()
    }
}

fn plain(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// One node's side of NATS.
pub(super) struct Nats {
    options: Options,
    link: OnceLock<Link>,
    /// Something was not sent to the others; they will be told so.
    lost: AtomicBool,
}

/// A connection, at present or again soon.
struct Link {
    client: Client,
    /// Where all nodes of one database publish and listen: hints of another one's are none of theirs.
    subject: String,
}

impl Link {
    /// Hands a hint to the connection if that takes no waiting.
    fn send(&self, hint: &Hint) -> bool {
        if self.client.connection_state() != State::Connected {
            // What is kept until NATS is back would be old news by then.
            return false;
        }
        let sending = self.client.publish(self.subject.clone(), hint.encode().into());
        matches!(unconstrained(sending).now_or_never(), Some(Ok(())))
    }
}

impl Nats {
    pub(super) fn new(options: Options) -> Self {
        Self { options, link: OnceLock::new(), lost: AtomicBool::new(false) }
    }

    /// Tells the other nodes, or notes that they missed something; which of the two.
    pub(super) fn publish(&self, hint: &Hint) -> bool {
        let leaves = self.link.get().is_some_and(|link| link.send(hint));
        if !leaves {
            self.lost.store(true, Ordering::Relaxed);
        }
        leaves
    }

    /// Waits a moment until what was published has been written to the connection.
    pub(super) async fn flush(&self) {
        let Some(link) = self.link.get() else { return };
        if link.client.connection_state() == State::Connected {
            // Hints that do not leave are as good as those that get lost.
            let _ = timeout(FAREWELL, link.client.flush()).await;
        }
    }

    /// Connects, again and again if need be, and hands what others publish to those who listen here.
    pub(super) async fn carry(&self, log_epoch: u32, heard: &broadcast::Sender<Hint>) {
        let (tell, mut events) = mpsc::unbounded_channel();
        let options = self.options.connecting().no_echo().retry_on_initial_connect();
        let options = options.client_capacity(QUEUE).subscription_capacity(QUEUE);
        let options = options.reconnect_delay_callback(pause).event_callback(move |event| {
            let _ = tell.send(event);
            std::future::ready(())
        });
        let subject = format!("{}.{log_epoch:08x}", self.options.subject);
        let connected = options.connect(&self.options.servers[..]).await;
        let client = match connected {
            Ok(client) => client,
            Err(error) => return tracing::error!(%error, "no use can be made of NATS"),
        };
        let mut messages = match client.subscribe(subject.clone()).await {
            Ok(messages) => messages,
            Err(error) => return tracing::error!(%error, "no use can be made of NATS"),
        };
        let link = self.link.get_or_init(|| Link { client, subject });
        let mut log = Log { options: &self.options, complaints: Vec::new() };
        let mut deaf = false;
        let mut own_up = interval(OWN_UP);
        own_up.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(message) = messages.next() => match Hint::decode(&message.payload) {
                    Some(hint) => drop(heard.send(hint)),
                    None => tracing::debug!("another node sent a hint that this version does not understand"),
                },
                Some(event) = events.recv() => {
                    log.note(&event);
                    match event {
                        // What was on its way when the connection broke may not have arrived.
                        Event::Disconnected => self.lost.store(true, Ordering::Relaxed),
                        Event::Connected | Event::SlowConsumer(_) => deaf = true,
                        _ => {}
                    }
                    // Only once the subscription stands again, so that nothing falls between.
                    own_up.reset();
                }
                _ = own_up.tick() => {
                    if std::mem::take(&mut deaf) {
                        let _ = heard.send(Hint::Missed);
                    }
                    if self.lost.swap(false, Ordering::Relaxed) && !link.send(&Hint::Missed) {
                        self.lost.store(true, Ordering::Relaxed);
                    }
                }
            }
        }
    }
}

/// How long to wait before one more attempt to connect, after so many.
fn pause(attempts: usize) -> Duration {
    let step = Duration::from_millis(100);
    step.saturating_mul(u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX)).min(PAUSE)
}

/// What the log says of the connection: each kind of trouble once, and its end.
struct Log<'a> {
    options: &'a Options,
    complaints: Vec<String>,
}

impl Log<'_> {
    fn note(&mut self, event: &Event) {
        let nats = self.options.name();
        let complaint = match event {
            Event::Connected => {
                self.complaints.clear();
                return tracing::info!(%nats, "connected to NATS");
            }
            Event::Disconnected => "the connection is lost".to_owned(),
            Event::ServerError(_) | Event::ClientError(_) | Event::SlowConsumer(_) => event.to_string(),
            Event::LameDuckMode | Event::Draining | Event::Closed => return,
        };
        if !self.complaints.contains(&complaint) {
            tracing::warn!(%nats, %complaint, "trouble with NATS: what happens on other nodes is seen later");
            self.complaints.push(complaint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_without_their_secrets() {
        let options = Options::new("nats://linnet:p%40ss%2Fword@nats.internal:4333, tls://b.internal", "linnet");
        let options = options.expect("a good address");
        assert_eq!(options.name(), "nats.internal:4333, b.internal:4222");
        assert_eq!(options.user, Some(("linnet".into(), Some("p@ss/word".into()))));
        assert!(options.servers.iter().all(|server| !server.as_url_str().contains("ss")), "{options:?}");
        assert!(!format!("{options:?}").contains("ss"), "{options:?}");
        let options = Options::new("nats://a%2Btoken@127.0.0.1", "chat.linnet-2").expect("a good address");
        assert_eq!(options.user, Some(("a+token".into(), None)));
    }

    #[test]
    fn other_addresses_are_refused() {
        for url in ["", "127.0.0.1:4222", "http://nats", "ws://nats", "nats://", "nats://a,", "nats://a:port"] {
            assert!(Options::new(url, "linnet").is_err(), "{url}");
        }
        for subject in ["", ".", "linnet.", "a b", "linnet.>", "*", "a\r\nPUB x"] {
            assert!(Options::new("nats://a", subject).is_err(), "{subject}");
        }
    }

    #[test]
    fn pauses_are_short_and_grow_to_a_second() {
        assert_eq!(pause(0), Duration::ZERO);
        assert_eq!(pause(1), Duration::ZERO);
        assert_eq!(pause(3), Duration::from_millis(200));
        assert_eq!(pause(usize::MAX), PAUSE);
    }
}

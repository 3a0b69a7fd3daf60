//! Subscriptions to threads, and messages into them that tell when they were sent.

use std::{
    sync::{
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
        Arc, Mutex,
    },
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use memchr::memmem;
use serde_json::Value;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::{client::IntoClientRequest, protocol::WebSocketConfig, Message};

use crate::{
    http::{Conn, Op},
    target::{Template, Vars},
    Bench,
};

const MARK: &[u8] = b"#bench:";
const RING: usize = 1 << 18;

/// What the sender and the subscribers share.
pub(super) struct Fan {
    start: Instant,
    /// when message n was sent (ns since start), a ring
    sent: Vec<AtomicU64>,
    next: AtomicU64,
    /// count only messages numbered from here
    from: AtomicU64,
    pub(super) got: AtomicU64,
    pub(super) lat: Mutex<Vec<u32>>,
    pub(super) eager: AtomicBool,
    pub(super) open: AtomicU32,
    ready: AtomicU32,
    pub(super) errors: AtomicU64,
    pub(super) dropped: AtomicU64,
    readers: Mutex<Vec<tokio::task::AbortHandle>>,
}

impl Fan {
    pub(super) fn new() -> Arc<Fan> {
        Arc::new(Fan {
            start: Instant::now(),
            sent: (0..RING).map(|_| AtomicU64::new(0)).collect(),
            next: AtomicU64::new(0),
            from: AtomicU64::new(0),
            got: AtomicU64::new(0),
            lat: Mutex::default(),
            eager: AtomicBool::new(false),
            open: AtomicU32::new(0),
            ready: AtomicU32::new(0),
            errors: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            readers: Mutex::default(),
        })
    }

    pub(super) fn begin(&self) {
        self.from.store(self.next.load(Relaxed), Relaxed);
        self.got.store(0, Relaxed);
        self.lat.lock().unwrap().clear();
    }

    pub(super) async fn drain(&self, want: u64, secs: f64) {
        let end = Instant::now() + Duration::from_secs_f64(secs);
        while self.got.load(Relaxed) < want && Instant::now() < end {
            sleep(Duration::from_millis(5)).await;
        }
        sleep(Duration::from_millis(20)).await;
    }

    /// Ends the reading tasks, which closes their sockets.
    pub(super) fn close(&self) {
        for reader in self.readers.lock().unwrap().drain(..) {
            reader.abort();
        }
    }
}

impl Bench {
    async fn connect(self: Arc<Self>, fan: Arc<Fan>, subs: Vec<(String, String)>) -> Result<(), String> {
        let spec = self.target.subscribe.as_ref().ok_or("no subscriptions")?;
        let vars = Vars { thread: &subs[0].0, user: &subs[0].1, token: self.token(&subs[0].1), ..Vars::default() };
        let mut request = Template::new(&spec.url).fill(vars).into_client_request().map_err(|e| e.to_string())?;
        if let Some(p) = &spec.subprotocol {
            request.headers_mut().insert("sec-websocket-protocol", p.parse().unwrap());
        }
        for (k, v) in self.target.headers.iter().chain(&spec.headers) {
            let name: hyper::header::HeaderName = k.parse().expect("header name");
            request.headers_mut().insert(name, Template::new(v).fill(vars).parse().map_err(|_| "header value")?);
        }
        let config = WebSocketConfig::default().read_buffer_size(8 << 10).write_buffer_size(0);
        let (mut ws, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true)
            .await
            .map_err(|e| e.to_string())?;
        if let Some(init) = &spec.init {
            let text = Template::json(init).fill(vars);
            ws.send(Message::text(text)).await.map_err(|e| e.to_string())?;
            if let Some(ack) = &spec.ack {
                loop {
                    match ws.next().await {
                        Some(Ok(Message::Text(t))) if t.contains(ack.as_str()) => break,
                        Some(Ok(Message::Ping(_) | Message::Text(_))) => {}
                        other => return Err(format!("no ack: {other:?}")),
                    }
                }
            }
        }
        if let Some(message) = &spec.message {
            let template = Template::json(message);
            for (i, (thread, user)) in subs.iter().enumerate() {
                let sub = format!("s{i}");
                let text = template.fill(Vars { thread, user, token: self.token(user), sub: &sub, content: "" });
                ws.send(Message::text(text)).await.map_err(|e| e.to_string())?;
            }
        }
        fan.open.fetch_add(subs.len() as u32, Relaxed);
        let pointer = spec.content.clone();
        let list = fan.clone();
        let reader = tokio::spawn(async move {
            let mut seen = 0u64;
            let mut lat = Vec::new();
            let mut first = u64::MAX;
            let mut ready = false;
            while let Some(Ok(message)) = ws.next().await {
                let Message::Text(text) = message else { continue };
                let bytes = text.as_bytes();
                let Some(at) = memmem::find(bytes, MARK) else {
                    if memmem::find(bytes, b"\"type\":\"ping\"").is_some() {
                        let _ = ws.send(Message::text(r#"{"type":"pong"}"#)).await;
                    } else if memmem::find(bytes, b"rror").is_some() {
                        self.error(text.chars().take(300).collect());
                        fan.errors.fetch_add(1, Relaxed);
                    }
                    continue;
                };
                let n = bytes[at + MARK.len()..]
                    .iter()
                    .take_while(|b| b.is_ascii_digit())
                    .fold(0u64, |n, b| n * 10 + u64::from(b - b'0'));
                seen += 1;
                if seen <= 2 {
                    // the event must be well formed and have the content where the target file says
                    let good =
                        serde_json::from_str::<Value>(&text).ok().and_then(|v| v.pointer(&pointer).cloned()).is_some();
                    if !good {
                        self.error(text.chars().take(300).collect());
                        fan.errors.fetch_add(1, Relaxed);
                    }
                }
                if !ready {
                    ready = true;
                    fan.ready.fetch_add(subs.len() as u32, Relaxed);
                }
                let from = fan.from.load(Relaxed);
                if n < from {
                    continue;
                }
                if first != from {
                    first = from;
                    lat.clear();
                }
                let sent = fan.sent[n as usize & (RING - 1)].load(Relaxed);
                let us = (fan.start.elapsed().as_nanos() as u64).saturating_sub(sent) / 1000;
                fan.got.fetch_add(1, Relaxed);
                lat.push(us as u32);
                // hand latencies over in batches, so that the shared list is locked seldom
                if lat.len() >= 8 || fan.eager.load(Relaxed) {
                    fan.lat.lock().unwrap().append(&mut lat);
                }
            }
            fan.dropped.fetch_add(1, Relaxed);
        });
        list.readers.lock().unwrap().push(reader.abort_handle());
        Ok(())
    }

    /// Opens subscriptions (32 sockets at a time) and returns how many sockets failed.
    pub(super) async fn open(self: &Arc<Self>, fan: &Arc<Fan>, subs: Vec<(String, String)>, sockets: usize) -> u64 {
        let per = subs.len().div_ceil(sockets.max(1));
        let mut failed = 0;
        let groups: Vec<Vec<(String, String)>> = subs.chunks(per).map(<[_]>::to_vec).collect();
        for wave in groups.chunks(32) {
            let opening: Vec<_> = wave
                .iter()
                .map(|g| tokio::spawn(timeout(Duration::from_secs(10), self.clone().connect(fan.clone(), g.clone()))))
                .collect();
            for task in opening {
                match task.await.unwrap() {
                    Ok(Ok(())) => {}
                    Ok(Err(e)) => {
                        self.error(e);
                        failed += 1;
                    }
                    Err(_) => {
                        self.error("connect timed out".into());
                        failed += 1;
                    }
                }
            }
        }
        failed
    }

    pub(super) async fn sender(self: &Arc<Self>, fan: &Arc<Fan>, rate: f64, secs: f64) -> (u64, u64) {
        self.send_to(fan, rate, secs, None).await
    }

    /// Sends at `rate` a second for `secs` over 32 connections (open loop), to the big thread or to
    /// another; returns (acked, errors).
    pub(super) async fn send_to(
        self: &Arc<Self>,
        fan: &Arc<Fan>,
        rate: f64,
        secs: f64,
        to: Option<(String, String)>,
    ) -> (u64, u64) {
        let op = Arc::new(Op::new(&self.target, &self.target.ops["send"]));
        let start = Instant::now() + Duration::from_millis(5);
        let due = Arc::new(AtomicU64::new(0));
        let total = (rate * secs).round() as u64;
        let mut tasks = Vec::new();
        for _ in 0..32 {
            let (me, fan, op, due, to) = (self.clone(), fan.clone(), op.clone(), due.clone(), to.clone());
            tasks.push(tokio::spawn(async move {
                let mut conn = Conn::new(&me.target);
                let (mut acked, mut errors) = (0, 0);
                loop {
                    let i = due.fetch_add(1, Relaxed);
                    let when = start + Duration::from_secs_f64(i as f64 / rate);
                    // a saturated server stops the step at its time, not at its count
                    if i >= total || Instant::now() > start + Duration::from_secs_f64(secs) {
                        break;
                    }
                    sleep_until(when.into()).await;
                    let n = fan.next.fetch_add(1, Relaxed);
                    let (thread, user) = match &to {
                        Some((thread, user)) => (thread, user),
                        None => (&me.ids.big, &me.ids.users[n as usize % me.ids.users.len()]),
                    };
                    let content = format!(
                        "{}{n}# a message of ordinary length for a chat, sent by the driver",
                        std::str::from_utf8(MARK).unwrap()
                    );
                    let vars = Vars { thread, user, content: &content, token: me.token(user), sub: "" };
                    fan.sent[n as usize & (RING - 1)].store(fan.start.elapsed().as_nanos() as u64, Relaxed);
                    match conn.run(&op, vars).await {
                        Ok(_) => acked += 1,
                        Err(e) => {
                            me.error(e);
                            errors += 1;
                        }
                    }
                }
                (acked, errors)
            }));
        }
        let mut sum = (0, 0);
        for task in tasks {
            let (a, e) = task.await.unwrap();
            sum = (sum.0 + a, sum.1 + e);
        }
        sum
    }

    /// One message a time until every subscription has seen one: only then does counting begin.
    pub(super) async fn settle(self: &Arc<Self>, fan: &Arc<Fan>, want: u32) -> bool {
        for _ in 0..25 {
            let _ = self.sender(fan, 10.0, 0.1).await;
            sleep(Duration::from_millis(200)).await;
            if fan.ready.load(Relaxed) >= want {
                sleep(Duration::from_millis(300)).await; // let the last probes land
                return true;
            }
        }
        false
    }

    pub(super) fn crowd(&self, n: usize) -> Vec<(String, String)> {
        (0..n).map(|i| (self.ids.big.clone(), self.ids.users[i % self.ids.users.len()].clone())).collect()
    }
}

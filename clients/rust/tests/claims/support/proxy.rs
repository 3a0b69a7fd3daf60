//! A proxy between a client and a server that does what networks do.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// After how many bytes from the server a new connection is cut, if at all, where so many were cut by now.
type Plan = Box<dyn FnMut(usize) -> Option<usize> + Send>;
/// Whether a request is handed on, and the connection lost when the answer comes.
type Loses = Box<dyn FnMut(&[u8]) -> bool + Send>;

/// Hands bytes on, and connections over the edge; ends when this is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

struct State {
    target: SocketAddr,
    is_open: AtomicBool,
    cuts: AtomicUsize,
    taken: AtomicUsize,
    connected: AtomicUsize,
    plan: Mutex<Plan>,
    loses: Mutex<Loses>,
    cut: watch::Sender<()>,
    /// How many connections had been taken when those were told to swallow everything.
    swallows: AtomicUsize,
}

impl Proxy {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let state = Arc::new(State {
            target,
            is_open: AtomicBool::new(true),
            cuts: AtomicUsize::default(),
            taken: AtomicUsize::default(),
            connected: AtomicUsize::default(),
            plan: Mutex::new(Box::new(|_| None)),
            loses: Mutex::new(Box::new(|_| false)),
            cut: watch::Sender::default(),
            swallows: AtomicUsize::default(),
        });
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

    /// Connections that were cut off.
    pub(crate) fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// Connections that were taken.
    pub(crate) fn taken(&self) -> usize {
        self.state.taken.load(Ordering::SeqCst)
    }

    /// How many are connected now.
    pub(crate) fn connected(&self) -> usize {
        self.state.connected.load(Ordering::SeqCst)
    }

    pub(crate) fn plans(&self, plan: impl FnMut(usize) -> Option<usize> + Send + 'static) {
        *self.state.plan.lock().unwrap() = Box::new(plan);
    }

    pub(crate) fn loses(&self, loses: impl FnMut(&[u8]) -> bool + Send + 'static) {
        *self.state.loses.lock().unwrap() = Box::new(loses);
    }

    pub(crate) fn cut_all(&self) {
        self.state.cut.send_replace(());
    }

    /// Cuts off who is connected, and refuses who comes.
    pub(crate) fn shut(&self) {
        self.state.is_open.store(false, Ordering::SeqCst);
        self.cut_all();
    }

    pub(crate) fn open(&self) {
        self.state.is_open.store(true, Ordering::SeqCst);
    }

    /// From here on takes what either side says, hands nothing on and closes nothing; who comes later is served.
    pub(crate) fn swallow(&self) {
        self.state.swallows.store(self.taken(), Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

async fn serve(mut client: TcpStream, state: Arc<State>) {
    let number = state.taken.fetch_add(1, Ordering::SeqCst) + 1;
    let mut cut = state.cut.subscribe();
    if !state.is_open.load(Ordering::SeqCst) {
        return;
    }
    let Ok(mut server) = TcpStream::connect(state.target).await else { return };
    state.connected.fetch_add(1, Ordering::SeqCst);
    let is_cut = tokio::select! {
        is_cut = pass(&mut client, &mut server, &state, number) => is_cut,
        _ = cut.changed() => true,
    };
    state.connected.fetch_sub(1, Ordering::SeqCst);
    state.cuts.fetch_add(usize::from(is_cut), Ordering::SeqCst);
}

/// Hands on what both say; whether it was cut off in the end.
async fn pass(client: &mut TcpStream, server: &mut TcpStream, state: &State, number: usize) -> bool {
    let mut left = (state.plan.lock().unwrap())(state.cuts.load(Ordering::SeqCst));
    let mut is_lost = false;
    let (mut requests, mut answers) = (vec![0; 65536], vec![0; 65536]);
    loop {
        let swallows = || number <= state.swallows.load(Ordering::SeqCst);
        tokio::select! {
            count = client.read(&mut requests) => {
                let request = &requests[..count.unwrap_or(0)];
                is_lost |= (state.loses.lock().unwrap())(request);
                if request.is_empty() || !swallows() && server.write_all(request).await.is_err() {
                    return false;
                }
            }
            count = server.read(&mut answers) => {
                let answer = &answers[..count.unwrap_or(0)];
                if is_lost {
                    return true;
                }
                // Exactly so many bytes come, wherever in a frame that is.
                let few = left.map_or(answer.len(), |left| left.min(answer.len()));
                if answer.is_empty() || !swallows() && client.write_all(&answer[..few]).await.is_err() {
                    return false;
                }
                left = left.map(|left| left - few);
                if left == Some(0) {
                    return true;
                }
            }
        }
    }
}

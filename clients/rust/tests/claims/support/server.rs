//! The real server: the binary that LINNET_BIN names, built with the test control.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{number, within};

/// A server of a test's own, with a port and data that it keeps when it is started again.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// As long as it is held, no other test is given this port.
    _lock: File,
    data: TempDir,
    settings: Vec<(&'static str, &'static str)>,
    child: Mutex<Option<Child>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with further settings, such as `("LINNET_…", "…")`.
    pub(crate) async fn start_with(settings: &[(&'static str, &'static str)]) -> Self {
        let (port, lock) = free_port();
        let server = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            _lock: lock,
            data: tempfile::Builder::new().prefix("linnet-client-").tempdir().unwrap(),
            settings: settings.to_vec(),
            child: Mutex::default(),
        };
        server.launch().await;
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }

    /// Starts it, and waits until it is ready.
    pub(crate) async fn launch(&self) {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LINNET_")) {
            command.env_remove(name);
        }
        command.arg("serve").current_dir(self.data.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        command.env("LINNET_LISTEN", self.address.to_string()).env("LINNET_DATA_DIR", self.data.path());
        command
            .env("LINNET_RATE_LIMITS", "off")
            .env("LINNET_REQUEST_SECONDS", "120")
            .envs(self.settings.iter().copied());
        *self.child.lock().unwrap() = Some(command.spawn().unwrap());
        within("the server to be ready", async {
            while self.request("GET", "/readyz", "").await != Some(200) {
                let ended = self.child.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
                assert!(ended.is_none(), "the server ended:\n{}", std::fs::read_to_string(self.log()).unwrap());
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// Ends it as a power cut would, or by asking it to.
    pub(crate) fn end(&self, how: Signal) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            kill(Pid::from_raw(child.id().try_into().unwrap()), how).unwrap();
            child.wait().unwrap();
        }
    }

    /// Moves the server's clock.
    pub(crate) async fn advance(&self, seconds: u64) {
        self.control("clock", &format!("{{\"advanceSeconds\":{seconds}}}")).await;
    }

    /// One of the routes that only a test build has.
    pub(crate) async fn control(&self, route: &str, body: &str) {
        let status = self.request("POST", &format!("/test/{route}"), body).await;
        assert!(matches!(status, Some(200..300)), "/test/{route} answered {status:?}: is this a test build?");
    }

    /// The status of an answer, if there is one.
    async fn request(&self, method: &str, path: &str, body: &str) -> Option<u16> {
        let mut stream = TcpStream::connect(self.address).await.ok()?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}",
            self.address
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        answer.split(' ').nth(1)?.parse().ok()
    }

    fn log(&self) -> PathBuf {
        self.data.path().join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(Signal::SIGKILL);
    }
}

/// A port outside the range that the system gives to outgoing connections, so that it is free still when a server comes back to it. The
/// server's own tests, which run beside these, lock theirs in the same place.
fn free_port() -> (u16, File) {
    let directory = std::env::temp_dir().join(format!("linnet-test-ports-{}", nix::unistd::getuid()));
    std::fs::create_dir_all(&directory).unwrap();
    loop {
        let port = 10_000 + u16::try_from(number() % 20_000).unwrap();
        let lock = File::options().create(true).append(true).open(directory.join(port.to_string())).unwrap();
        if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return (port, lock);
        }
    }
}

/// `LINNET_BIN`, else the workspace's debug build.
fn binary() -> PathBuf {
    let built = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/linnet");
    std::env::var_os("LINNET_BIN").map_or_else(built, PathBuf::from)
}

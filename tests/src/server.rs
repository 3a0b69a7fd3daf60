//! The real binary as a child process: started, killed, restarted on the same port and the same data.

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::deadline::eventually;
use crate::engine::{Database, workspace};
use crate::port::free_port;

/// One server under test.
pub struct Server {
    address: SocketAddr,
    log: PathBuf,
    child: Mutex<Option<Child>>,
    environment: Mutex<Vec<(String, String)>>,
    faults: Arc<Faults>,
    http: reqwest::Client,
}

/// What the clients of a server saw that must never be seen.
#[derive(Default)]
pub(crate) struct Faults {
    seen: Mutex<Vec<String>>,
    expected: AtomicBool,
}

impl Faults {
    pub(crate) fn report(&self, fault: String) {
        self.seen.lock().unwrap().push(fault);
    }
}

impl Server {
    /// Starts the binary on `database` and waits until it is ready. `environment` comes on top of the usual settings.
    pub async fn start(database: &Database, environment: &[(&str, &str)]) -> Self {
        let server = Self::prepare(database, environment);
        server.launch();
        server.ready().await;
        server
    }

    /// Everything but the start itself, for tests that want to see a start fail or race: see [`Server::launch`].
    pub fn prepare(database: &Database, environment: &[(&str, &str)]) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let data = database.directory().join(format!("data-{}", address.port()));
        let mut settings = vec![
            ("LINNET_LISTEN".to_owned(), address.to_string()),
            ("LINNET_DATABASE_URL".to_owned(), database.url().to_owned()),
            ("LINNET_DATA_DIR".to_owned(), data.display().to_string()),
            ("LINNET_RATE_LIMITS".to_owned(), "off".to_owned()),
            // A room that is there from the start, which most scenarios do not reckon with.
            ("LINNET_LOBBY".to_owned(), "off".to_owned()),
        ];
        settings.extend(environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        Self {
            address,
            log: database.directory().join(format!("server-{}.log", address.port())),
            child: Mutex::new(None),
            environment: Mutex::new(settings),
            faults: Arc::default(),
            http: reqwest::Client::new(),
        }
    }

    /// Starts the process and does not wait for it to be ready.
    pub fn launch(&self) {
        self.launch_as(self.command(&[]));
    }

    /// [`Server::launch`] by a command that ends up as the server, such as one that limits it first.
    pub fn launch_as(&self, mut command: Command) {
        let output = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary().display()));
        assert!(self.child.lock().unwrap().replace(child).is_none(), "the server runs already");
    }

    /// The binary with this server's settings and other arguments, such as `["migrate", "status"]`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).env("NO_COLOR", "1");
        // Nothing of the harness's own settings, nor of a developer's, reaches the server; nor a file in its way.
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("LINNET_") {
                command.env_remove(key);
            }
        }
        command.envs(self.environment.lock().unwrap().iter().cloned());
        command.current_dir(self.log.parent().unwrap());
        command
    }

    /// Waits for `GET /readyz` to answer 200; fails the test if the process ends before that.
    pub async fn ready(&self) {
        eventually("the server to be ready", async || {
            if let Some(status) = self.exited() {
                panic!("the server ended with {status} before it was ready");
            }
            self.is_ready().await.then_some(())
        })
        .await;
    }

    /// Whether `GET /readyz` answers 200 now.
    pub async fn is_ready(&self) -> bool {
        let asked = self.http.get(self.at("/readyz")).timeout(Duration::from_secs(5)).send().await;
        asked.is_ok_and(|answer| answer.status() == 200)
    }

    /// How the process ended, if it did.
    pub fn exited(&self) -> Option<ExitStatus> {
        self.child.lock().unwrap().as_mut().and_then(|child| child.try_wait().unwrap())
    }

    /// Ends the process as a power cut would: no signal handler runs.
    pub fn kill9(&self) {
        let mut child = self.child.lock().unwrap().take().expect("the server runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks the process to end (SIGTERM) and waits until it has.
    pub async fn stop(&self) -> ExitStatus {
        self.terminate();
        self.ended().await
    }

    /// Waits until the process has ended, after [`Server::terminate`] for one.
    pub async fn ended(&self) -> ExitStatus {
        let status = eventually("the server to end", async || self.exited()).await;
        self.child.lock().unwrap().take();
        status
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        let id = self.child.lock().unwrap().as_ref().expect("the server runs").id();
        kill(Pid::from_raw(id.try_into().unwrap()), Signal::SIGTERM).unwrap();
    }

    /// Stops it if it runs, and starts it again on the same port and data.
    pub async fn restart(&self) {
        if self.child.lock().unwrap().is_some() {
            self.stop().await;
        }
        self.launch();
        self.ready().await;
    }

    /// Changes one setting for the next start.
    pub fn set(&self, key: &str, value: &str) {
        let mut settings = self.environment.lock().unwrap();
        settings.retain(|(known, _)| known != key);
        settings.push((key.to_owned(), value.to_owned()));
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.lock().unwrap().as_ref().expect("the server runs").id()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path of it.
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where it keeps its files.
    pub fn data(&self) -> PathBuf {
        let settings = self.environment.lock().unwrap();
        let data = settings.iter().rev().find(|(key, _)| key == "LINNET_DATA_DIR");
        data.map(|(_, path)| PathBuf::from(path)).expect("every server is given a directory")
    }

    /// A plain HTTP client that is kept for this server.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// All that the process has written to stdout and stderr, over all its starts.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Says that this test provokes internal errors: the log and the answers are not judged at the end.
    pub fn expect_errors(&self) {
        self.faults.expected.store(true, Ordering::Relaxed);
    }

    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }

    fn judge(&self) -> Vec<String> {
        let log = self.log();
        // A panic is never expected; errors are where the test says so.
        let mut faults: Vec<_> = log.lines().filter(|line| line.contains(" panicked at ")).map(str::to_owned).collect();
        if !self.faults.expected.load(Ordering::Relaxed) {
            let internal = |line: &&str| line.contains("ERROR") || line.to_lowercase().contains("internal error");
            faults.extend(log.lines().filter(internal).map(str::to_owned));
            faults.extend(self.faults.seen.lock().unwrap().drain(..));
        }
        faults
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let faults = self.judge();
        if std::thread::panicking() || !faults.is_empty() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(300)..];
            eprintln!("--- the server's log ({} lines, the last {}) ---", lines.len(), last.len());
            eprintln!("{}\n--- end of the server's log ---", last.join("\n"));
        }
        if !std::thread::panicking() {
            assert!(faults.is_empty(), "the server had internal errors:\n{}", faults.join("\n"));
        }
    }
}

/// The binary under test: `LINNET_BIN`, else the workspace's debug build.
pub fn binary() -> PathBuf {
    std::env::var_os("LINNET_BIN").map_or_else(|| workspace().join("target/debug/linnet"), PathBuf::from)
}

//! A NATS server of a test's own: killed, started again on the same port, stopped in its tracks, cut off.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::deadline::eventually;
use crate::port::free_port;
use crate::proxy::Proxy;
use crate::wire::Wire;

/// A private NATS server, gone when this is dropped.
pub struct Nats {
    /// Before the wire that it is reached by, so that it is gone when that is taken away.
    child: Mutex<Option<Child>>,
    /// Where it listens.
    address: SocketAddr,
    way: Way,
}

/// How clients get there.
enum Way {
    Straight,
    Wire(Wire),
    Proxy(Proxy),
}

impl Nats {
    /// Starts one and waits until it answers.
    pub async fn start() -> Self {
        let nats = Self::prepare();
        nats.restart().await;
        nats
    }

    /// One that does not run yet; where it will be is known.
    pub fn prepare() -> Self {
        Self::at((Ipv4Addr::LOCALHOST, free_port()).into(), Way::Straight)
    }

    fn at(address: SocketAddr, way: Way) -> Self {
        Self { child: Mutex::new(None), address, way }
    }

    /// Starts one at the other end of a wire that can be pulled: in a network namespace of its own where those can be
    /// made (Linux, as root), elsewhere behind a proxy that swallows what it is given, which to both ends is the same.
    pub async fn start_apart() -> Self {
        let nats = match Wire::lay() {
            Some(wire) => Self::at((wire.far_end(), free_port()).into(), Way::Wire(wire)),
            None => {
                let address = (Ipv4Addr::LOCALHOST, free_port()).into();
                Self::at(address, Way::Proxy(Proxy::to(address).await))
            }
        };
        nats.restart().await;
        nats
    }

    /// Its URL, as the server takes it.
    pub fn url(&self) -> String {
        let address = match &self.way {
            Way::Proxy(proxy) => proxy.address(),
            _ => self.address,
        };
        format!("nats://{address}")
    }

    /// Starts it, on the same port as before, and waits until it answers.
    pub async fn restart(&self) {
        let binary = binary();
        let mut command = match &self.way {
            Way::Wire(wire) => wire.at_the_far_end(&binary),
            _ => Command::new(&binary),
        };
        command.args(["--addr", &self.address.ip().to_string(), "--port", &self.address.port().to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        assert!(self.child.lock().unwrap().replace(child).is_none(), "NATS runs already");
        eventually("NATS to answer", async || self.answers().await.then_some(())).await;
    }

    async fn answers(&self) -> bool {
        let greeting = async {
            let mut greeting = [0; 5];
            let mut stream = TcpStream::connect(self.address).await?;
            stream.read_exact(&mut greeting).await.map(|_| greeting == *b"INFO ")
        };
        let answer = tokio::time::timeout(Duration::from_secs(1), greeting).await;
        answer.is_ok_and(|answer| answer.unwrap_or(false))
    }

    /// Ends it at once.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap().take().expect("NATS runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Stops the process where it stands: its connections stay, and nobody answers.
    pub fn freeze(&self) {
        let id = self.signal(Signal::SIGSTOP);
        // Its threads may go on for a moment.
        waitpid(id, Some(WaitPidFlag::WUNTRACED)).unwrap();
    }

    /// Lets a frozen one go on.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) -> Pid {
        let id = self.child.lock().unwrap().as_ref().expect("NATS runs").id();
        let id = Pid::from_raw(id.try_into().unwrap());
        kill(id, signal).unwrap();
        id
    }

    /// Pulls the wire of one that was started apart: nothing arrives, and nobody is told.
    pub fn cut_off(&self) {
        match &self.way {
            Way::Wire(wire) => wire.pull(),
            Way::Proxy(proxy) => proxy.swallow(),
            Way::Straight => panic!("only what was started apart can be cut off"),
        }
    }

    /// Puts the wire back.
    pub fn join_again(&self) {
        match &self.way {
            Way::Wire(wire) => wire.put_back(),
            Way::Proxy(proxy) => proxy.forward(),
            Way::Straight => panic!("only what was started apart can be cut off"),
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Where the server is: on the `PATH`, or where Debian puts it.
fn binary() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut known: Vec<_> = std::env::split_paths(&path).collect();
    known.push("/usr/sbin".into());
    let mut found = known.iter().map(|directory| directory.join("nats-server")).filter(|file| file.exists());
    found.next().unwrap_or_else(|| panic!("no nats-server in {known:?}: tests/run installs one"))
}

#[cfg(test)]
mod tests {
    use super::Nats;

    #[tokio::test]
    async fn nats_comes_back_where_it_was() {
        let nats = Nats::start().await;
        assert!(nats.answers().await);
        nats.kill();
        assert!(!nats.answers().await);
        nats.restart().await;
        nats.freeze();
        assert!(!nats.answers().await, "it accepts connections, and says nothing");
        nats.thaw();
        assert!(nats.answers().await);
    }

    #[tokio::test]
    async fn a_wire_is_pulled_and_put_back() {
        let nats = Nats::start_apart().await;
        for _ in 0..2 {
            assert!(nats.answers().await);
            nats.cut_off();
            assert!(!nats.answers().await);
            nats.join_again();
            crate::eventually("NATS to answer again", async || nats.answers().await.then_some(())).await;
        }
    }
}

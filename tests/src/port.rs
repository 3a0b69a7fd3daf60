//! Ports for the servers that tests start. Owns that no two tests on this machine are given the same one.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

use crate::engine::fresh_number;

/// The locks on the ports that this process was given, held until it ends.
static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port that nobody listens on, outside the range that the system gives to outgoing connections, so that it is still
/// free when a killed server comes back to it.
///
/// That nobody listens yet is not enough: a test that runs beside this one may have been given the same port a moment ago, and
/// then both would talk to the server that came first. So each port is a locked file too.
pub(crate) fn free_port() -> u16 {
    let directory = std::env::temp_dir().join(format!("linnet-test-ports-{}", nix::unistd::getuid()));
    fs::create_dir_all(&directory).unwrap();
    loop {
        let port = 10_000 + (fresh_number() % 20_000) as u16;
        let lock = File::options().create(true).append(true).open(directory.join(port.to_string())).unwrap();
        if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            TAKEN.lock().unwrap().push(lock);
            return port;
        }
    }
}

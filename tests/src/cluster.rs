//! A PostgreSQL cluster of a test's own, for tests that stop and start it.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::deadline::DEADLINE;
use crate::port::free_port;

/// A private cluster: made from nothing, and gone when this is dropped.
pub struct Cluster {
    directory: TempDir,
    port: u16,
}

impl Cluster {
    /// Makes and starts one, with the binaries in `LINNET_TEST_PG_BIN`, as the user `LINNET_TEST_PG_USER` where that
    /// is set (PostgreSQL refuses to run as root). `tests/run` sets both; without it, what is installed is looked for.
    pub fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("linnet-cluster-").tempdir().unwrap();
        let mut cluster = Self { directory, port: free_port() };
        if let Some(user) = user() {
            run(Command::new("chown").arg(user).arg(cluster.directory.path()));
        }
        run(as_owner("initdb")
            .args(["--auth=trust", "--username=linnet", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(cluster.data()));
        // Somebody else may take the port before it does.
        for _ in 0..4 {
            if cluster.launch().status().is_ok_and(|status| status.success()) {
                return cluster;
            }
            cluster.port = free_port();
        }
        cluster.resume();
        cluster
    }

    /// The superuser's URL.
    pub fn url(&self) -> String {
        format!("postgres://linnet@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends every connection and stops the cluster, as an administrator would (`pg_ctl stop -m fast`).
    pub fn stop(&self) {
        run(as_owner("pg_ctl").args(["stop", "--silent", "--wait", "--mode=fast", "-D"]).arg(self.data()));
    }

    /// Stops the cluster as a power cut would (`-m immediate`): it recovers from its log at the next start.
    pub fn crash(&self) {
        run(as_owner("pg_ctl").args(["stop", "--silent", "--wait", "--mode=immediate", "-D"]).arg(self.data()));
    }

    /// Starts a stopped cluster on the same port. What it was killed in the middle of may still hold its memory or its
    /// port for a moment, so this is tried until it works.
    pub fn resume(&self) {
        let start = Instant::now();
        while !self.launch().status().is_ok_and(|status| status.success()) {
            if start.elapsed() > DEADLINE {
                let log = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
                panic!("PostgreSQL does not start:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn launch(&self) -> Command {
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={} -c max_connections=100",
            self.port,
            self.directory.path().display()
        );
        let log = self.directory.path().join("log");
        let mut command = as_owner("pg_ctl");
        command
            .args(["start", "--silent", "--wait", "--options", &options, "--log"])
            .arg(log)
            .arg("-D")
            .arg(self.data());
        // The cluster inherits what pg_ctl was given: a pipe would stay open for as long as it runs.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        command
    }

    /// Stops and starts it.
    pub fn restart(&self) {
        self.stop();
        self.resume();
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = as_owner("pg_ctl")
            .args(["stop", "--silent", "--wait", "--mode=immediate", "-D"])
            .arg(self.data())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn user() -> Option<String> {
    if let Ok(user) = std::env::var("LINNET_TEST_PG_USER") {
        return Some(user).filter(|user| !user.is_empty());
    }
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = if users.lines().any(|line| line.starts_with("postgres:")) { "postgres" } else { "nobody" };
    root.then(|| user.to_owned())
}

/// Where PostgreSQL's programs are: as told, else the newest of Debian's, else on the `PATH`.
fn binaries() -> PathBuf {
    if let Some(told) = std::env::var_os("LINNET_TEST_PG_BIN") {
        return told.into();
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|version| version.path()).collect();
    versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let debian = versions.into_iter().rev().map(|path| path.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let known: Vec<_> = debian.chain(std::env::split_paths(&path)).collect();
    let found = known.iter().find(|path| ["initdb", "pg_ctl", "postgres"].iter().all(|name| path.join(name).exists()));
    found.unwrap_or_else(|| panic!("no PostgreSQL in {known:?}")).clone()
}

/// One of PostgreSQL's programs, to be run by the user that owns the cluster.
fn as_owner(program: &str) -> Command {
    let program = binaries().join(program);
    let mut command = match user() {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", &user, "--"]).arg(program);
            command
        }
    };
    // The owner may not be allowed into the directory that the tests run in.
    command.current_dir("/");
    command
}

fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).status();
    let status = status.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?} ended with {status}");
}

#[cfg(test)]
mod tests {
    use super::Cluster;
    use crate::Database;

    #[tokio::test]
    async fn a_cluster_comes_back_with_its_data() {
        let cluster = Cluster::start();
        let database = Database::create_on(&cluster).await;
        database.execute("CREATE TABLE kept (number INTEGER)").await;
        database.execute("INSERT INTO kept VALUES (1), (2)").await;
        cluster.restart();
        assert_eq!(database.number("SELECT COUNT(*) FROM kept").await, 2);
        cluster.crash();
        cluster.resume();
        assert_eq!(database.number("SELECT COUNT(*) FROM kept").await, 2);
    }
}

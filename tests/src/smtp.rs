//! A real SMTP server on loopback: PyPI's aiosmtpd, which keeps what it is given in a Maildir.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::deadline::eventually;
use crate::engine::workspace;
use crate::mail::{Mail, mails_in};
use crate::port::free_port;

/// An SMTP server, gone when this is dropped.
pub struct Smtp {
    directory: TempDir,
    port: u16,
    tls: Tls,
    child: Option<Child>,
}

/// When it speaks TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tls {
    Never,
    /// Once it is asked to (STARTTLS).
    Later,
    /// From the first byte.
    First,
}

impl Smtp {
    /// A server that does not run yet.
    pub fn prepare() -> Self {
        let directory = tempfile::Builder::new().prefix("linnet-smtp-").tempdir().unwrap();
        Self { directory, port: free_port(), tls: Tls::Never, child: None }
    }

    /// A server that speaks TLS from the first byte, with a certificate of its own: see [`Smtp::certificate`].
    pub fn prepare_with_tls() -> Self {
        Self::with_certificate(Tls::First)
    }

    /// A server that speaks TLS once it is asked to, and takes nothing before.
    pub fn prepare_with_starttls() -> Self {
        Self::with_certificate(Tls::Later)
    }

    fn with_certificate(tls: Tls) -> Self {
        let smtp = {
            let mut smtp = Self::prepare();
            smtp.tls = tls;
            smtp
        };
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=linnet", "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(smtp.key())
            .arg("-out")
            .arg(smtp.certificate())
            .stderr(Stdio::null())
            .status();
        assert!(made.is_ok_and(|status| status.success()), "openssl makes a certificate");
        smtp
    }

    /// Starts it, and waits until it listens.
    pub async fn launch(&mut self) {
        let mut command = Command::new(python());
        command.args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{}", self.port)]);
        let flags = match self.tls {
            Tls::Never => None,
            Tls::Later => Some(["--tlscert", "--tlskey"]),
            Tls::First => Some(["--smtpscert", "--smtpskey"]),
        };
        if let Some([certificate, key]) = flags {
            command.arg(certificate).arg(self.certificate()).arg(key).arg(self.key());
        }
        command.args(["-c", "aiosmtpd.handlers.Mailbox"]).arg(self.maildir());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")));
        eventually("the SMTP server to listen", async || {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the SMTP server ended: tests/run installs aiosmtpd");
            TcpStream::connect(("127.0.0.1", self.port)).await.ok()
        })
        .await;
    }

    /// Where it is, as `smtp_url` takes it.
    pub fn url(&self) -> String {
        let at = format!("127.0.0.1:{}", self.port);
        match self.tls {
            Tls::Never => format!("smtp://{at}"),
            Tls::Later => format!("smtp://{at}?tls=required"),
            Tls::First => format!("smtps://{at}"),
        }
    }

    /// The file of its certificate.
    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }

    fn maildir(&self) -> PathBuf {
        self.directory.path().join("mails")
    }

    /// What it was given so far.
    pub fn mails(&self) -> Vec<Mail> {
        mails_in(&self.maildir().join("new"))
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A Python that has aiosmtpd and moto: as `tests/run` tells, else where it puts it.
pub(crate) fn python() -> PathBuf {
    let told = std::env::var_os("LINNET_TEST_PYTHON");
    told.map_or_else(|| workspace().join("target/python/bin/python"), PathBuf::from)
}

//! How mails leave: by SMTP, or into files where nobody has said through whom.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use entity::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::error::{Code, Error, Result};
use crate::infra::private;

/// How long a server may take for one mail.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long somebody waits who only wants to know whether it is there.
const PROBED: Duration = Duration::from_secs(10);

/// How mails are to leave.
#[derive(Clone, Debug)]
pub struct Options {
    /// `smtp://…` or `smtps://…`; none to write files.
    pub smtp_url: Option<String>,
    /// The sender: an address, or a name with an address in angle brackets.
    pub from: String,
    /// Where files are written.
    pub directory: PathBuf,
}

impl Options {
    /// The mail server's host and port, without what it takes to sign in; none where mails become files.
    pub fn server(&self) -> Option<&str> {
        self.authority().map(|authority| authority.rsplit_once('@').map_or(authority, |(_, server)| server))
    }

    /// Whether a password goes to another machine without TLS.
    pub fn tells_a_password(&self) -> bool {
        let (Some(url), Some(authority)) = (&self.smtp_url, self.authority()) else { return false };
        let here = self.server().is_some_and(|server| {
            let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
            host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        });
        url.starts_with("smtp:") && !url.contains("tls=") && authority.contains('@') && !here
    }

    fn authority(&self) -> Option<&str> {
        let (_, rest) = self.smtp_url.as_ref()?.split_once("://")?;
        rest.split(['/', '?']).next()
    }

    /// Goes to the mail server as if to hand a mail over, and leaves again. How long that took, or why it was not let in.
    pub async fn probe(&self) -> std::result::Result<Duration, String> {
        let Way::Smtp(server) = Mailer::new(self)?.way else { return Err("there is none".into()) };
        let begun = Instant::now();
        match tokio::time::timeout(PROBED, server.test_connection()).await {
            Ok(Ok(true)) => Ok(begun.elapsed()),
            Ok(Ok(false)) => Err("it lets nobody do anything".into()),
            Ok(Err(error)) => Err(plainly(&error)),
            Err(_) => Err(format!("it says nothing for {} s", PROBED.as_secs())),
        }
    }
}

/// Sends mails.
pub struct Mailer {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(PathBuf),
}

/// A mail that is about to leave.
pub struct Message<'a> {
    /// What tells it from all others; the same when it is sent again.
    pub name: String,
    /// Its date.
    pub at: Timestamp,
    /// The address that it goes to.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// Lines of text.
    pub text: &'a str,
}

impl Mailer {
    /// A mailer that goes the way it was told; a sentence about what is wrong with it otherwise. Connects to nothing yet.
    pub fn new(options: &Options) -> std::result::Result<Self, String> {
        let from: Mailbox = options.from.parse().map_err(|error| format!("the sender is no address: {error}"))?;
        let way = match &options.smtp_url {
            None => Way::Files(options.directory.clone()),
            Some(url) => {
                let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
                // The error would show the address, which may have a password in it.
                let builder =
                    builder.map_err(|_| "it must be smtp://… or smtps://…, as the default's comment has it")?;
                Way::Smtp(builder.timeout(Some(PATIENCE)).build())
            }
        };
        Ok(Self { from, way })
    }

    /// Where mails are written, if no server takes them.
    pub fn directory(&self) -> Option<&Path> {
        match &self.way {
            Way::Smtp(_) => None,
            Way::Files(directory) => Some(directory),
        }
    }

    /// Hands a mail over; once this returns, it is somebody else's to deliver.
    pub async fn send(&self, message: Message<'_>) -> Result<()> {
        let name = message.name.clone();
        let composed = self.compose(message)?;
        match &self.way {
            Way::Smtp(server) => match tokio::time::timeout(PATIENCE * 2, server.send(composed)).await {
                Ok(sent) => sent.map(drop).map_err(|error| Error::unavailable(plainly(&error))),
                Err(_) => Err(Error::unavailable("the mail server takes too long")),
            },
            Way::Files(directory) => {
                let path = write(directory.clone(), name, composed.formatted()).await?;
                tracing::info!(path = %path.display(), "a mail was written to a file, since no smtp_url is set");
                Ok(())
            }
        }
    }

    fn compose(&self, message: Message<'_>) -> Result<lettre::Message> {
        let address = message.to.parse();
        // Nothing that could be waited for makes an address of it.
        let address =
            address.map_err(|_| Error::refuse(Code::Invalid, "to", "It is no address that mail can go to."))?;
        let domain = self.from.email.domain();
        let builder: MessageBuilder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(message.subject)
            .date(SystemTime::from(message.at))
            .message_id(Some(format!("<{}@{domain}>", message.name)))
            // So that nobody's automatic answer comes back (RFC 3834).
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
            .header(ContentType::TEXT_PLAIN);
        builder.body(message.text.to_owned()).map_err(Error::internal)
    }
}

/// What a server said, without the addresses that it may have repeated.
fn plainly(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None => error.to_string(),
    }
}

/// Writes a mail under its own name, at once: nobody sees half of one, and sent again it is the same file. Nobody else reads it: the
/// codes in it are good.
async fn write(directory: PathBuf, name: String, bytes: Vec<u8>) -> Result<PathBuf> {
    let work = tokio::task::spawn_blocking(move || {
        private::directory(&directory)?;
        let (path, part) = (directory.join(format!("{name}.eml")), directory.join(format!("{name}.part")));
        // One that was begun before and not ended is of no use.
        private::clear(&part)?;
        private::create(&part)?.write_all(&bytes)?;
        std::fs::rename(&part, &path)?;
        Ok::<_, std::io::Error>(path)
    });
    work.await.map_err(Error::internal)?.map_err(Error::unavailable)
}

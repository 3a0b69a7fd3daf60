//! Mails: those that a server has written into files, and those that it has handed to an SMTP server.

use std::path::Path;

use serde_json::json;

use crate::deadline::eventually;
use crate::{Server, User, World};

/// A mail, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its headers, in their order, each in one line.
    pub headers: Vec<(String, String)>,
    /// Its text, with plain newlines.
    pub text: String,
}

impl Mail {
    /// A mail as it is written on the wire.
    pub fn parse(bytes: &[u8]) -> Self {
        let raw = String::from_utf8(bytes.to_vec()).expect("a mail is text").replace("\r\n", "\n");
        let (head, body) = raw.split_once("\n\n").unwrap_or_else(|| panic!("a mail has a head and a body: {raw}"));
        let head = head.replace("\n ", " ").replace("\n\t", " ");
        let headers: Vec<(String, String)> = head
            .lines()
            .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("no header: {line}")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut mail = Self { headers, text: body.to_owned() };
        match mail.header("Content-Transfer-Encoding") {
            "7bit" => {}
            "quoted-printable" => mail.text = unquoted(body),
            other => panic!("an unknown encoding: {other}"),
        }
        mail
    }

    /// The header of this name.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        &found.unwrap_or_else(|| panic!("no {name}: {self:?}")).1
    }

    /// What it is about.
    pub fn subject(&self) -> &str {
        self.header("Subject")
    }

    /// The code in it, which stands in a line of its own.
    #[track_caller]
    pub fn code(&self) -> String {
        let is_code = |line: &&str| line.starts_with("lnv_") || line.starts_with("lnp_");
        self.text.lines().find(is_code).unwrap_or_else(|| panic!("no code: {self:?}")).to_owned()
    }
}

/// Quoted-printable (RFC 2045, 6.7).
fn unquoted(body: &str) -> String {
    let joined = body.replace("=\n", "");
    let mut parts = joined.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("two hexadecimal digits"));
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).expect("a text")
}

/// All mails in a directory, by the names of their files.
pub fn mails_in(directory: &Path) -> Vec<Mail> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "part"));
    paths.sort();
    // One that is renamed just now is found the next time.
    paths.iter().filter_map(|path| std::fs::read(path).ok()).map(|bytes| Mail::parse(&bytes)).collect()
}

impl Server {
    /// The mails that were written into files so far, in the order in which they were asked for.
    pub fn mails(&self) -> Vec<Mail> {
        mails_in(&self.data().join("mail"))
    }

    /// The mails to an address with this subject.
    pub fn mails_to(&self, address: &str, subject: &str) -> Vec<Mail> {
        let mut mails = self.mails();
        mails.retain(|mail| mail.header("To") == address && mail.subject() == subject);
        mails
    }

    /// Waits for the mail to an address with this subject, the `number`th of them.
    pub async fn mail_to(&self, address: &str, subject: &str, number: usize) -> Mail {
        let what = format!("mail {number} to {address}: {subject}");
        eventually(&what, async || self.mails_to(address, subject).into_iter().nth(number - 1)).await
    }
}

impl World {
    /// Proves the address of an account that has just signed up, by the mail that went there.
    pub async fn prove(&self, user: &User) {
        let code = self.server.mail_to(&user.email(), PROVE, 1).await.code();
        let answer = self.anonymous.mutate("accountVerifyEmail", json!({ "token": code }), "user { id }").await;
        assert_eq!(answer.text("/accountVerifyEmail/user/id"), user.id);
    }
}

/// The subject of mails that prove an address.
pub const PROVE: &str = "Prove your email address";
/// The subject of mails that set a password anew.
pub const RESET: &str = "Set a new password";

impl User {
    /// The address that the harness signs it up with.
    pub fn email(&self) -> String {
        format!("{}@example.org", self.username)
    }
}

//! Cursors as clients give them.

use domain::page::Window;
use domain::{Code, Refusal, cursor, event};
use entity::id::ThreadId;

use super::Scope;
use super::scalar::Cursor;

/// Lists other than a thread's, each with cursors of its own.
#[derive(Clone, Copy)]
pub(crate) enum List {
    Users,
    Threads,
    Rooms,
    Participants,
    Bans,
    Invitations,
    Blocked,
    Diary,
    Sessions,
    Devices,
    ApiKeys,
    Audit,
    FailedJobs,
    JobBatches,
    AssistantCosts,
    Wallets,
    ReferralCodes,
    Referrals,
    Collections,
    Nfts,
    Mints,
    Mentions,
    Search,
}

impl List {
    fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Threads => "threads",
            Self::Rooms => "rooms",
            Self::Participants => "participants",
            Self::Bans => "bans",
            Self::Invitations => "invitations",
            Self::Blocked => "blocked",
            Self::Diary => "diary",
            Self::Sessions => "sessions",
            Self::Devices => "devices",
            Self::ApiKeys => "apiKeys",
            Self::Audit => "auditLog",
            Self::FailedJobs => "failedJobs",
            Self::JobBatches => "jobBatches",
            Self::AssistantCosts => "assistantCosts",
            Self::Wallets => "wallets",
            Self::ReferralCodes => "referral codes",
            Self::Referrals => "referrals",
            Self::Collections => "collections",
            Self::Nfts => "nfts",
            Self::Mints => "mints",
            Self::Mentions => "mentions",
            Self::Search => "messageSearch",
        }
    }

    /// The cursor of a key in this list.
    pub(crate) fn cursor(self, key: &impl serde::Serialize) -> Cursor {
        Cursor(cursor::encode_key(self.name(), key))
    }

    /// The part of this list that is asked for.
    pub(crate) fn window<K: serde::de::DeserializeOwned>(self, args: Args, default: i32) -> domain::Result<Window<K>> {
        let read = |argument: &'static str, text: Option<Cursor>| {
            let key = text.map(|text| cursor::decode_key(self.name(), &text.0)).transpose();
            key.map_err(|error| Refusal::new(Code::Invalid, argument, error.to_string()))
        };
        let (after, before) = (read("after", args.after)?, read("before", args.before)?);
        Window::new(args.first, after, args.last, before, default)
    }
}

/// The arguments of a connection.
pub(crate) struct Args {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<Cursor>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<Cursor>,
}

impl Args {
    /// The part of a thread's messages that is asked for; the newest when nothing says otherwise.
    pub(crate) fn of_messages(self, scope: &Scope, thread_id: ThreadId) -> domain::Result<Window<i64>> {
        let read = |argument: &'static str, text: Option<Cursor>| {
            let cursor = text.map(|text| event::parse_cursor(argument, &text.0, thread_id)).transpose()?;
            cursor.map(|cursor| event::message_seq(scope.app(), cursor)).transpose()
        };
        let (after, before) = (read("after", self.after)?, read("before", self.before)?);
        let newest = self.first.is_none() && self.last.is_none() && after.is_none();
        let last = if newest { Some(MESSAGES) } else { self.last };
        Window::new(self.first, after, last, before, MESSAGES)
    }
}

/// Messages on a page when nothing says how many.
pub(crate) const MESSAGES: i32 = 50;
/// Items of other lists on a page when nothing says how many.
pub(crate) const ITEMS: i32 = 20;

//! A hint as it goes from node to node: a word for its kind, then its parts, with spaces between. Text, so that an
//! operator can read along (`nats sub 'linnet.>'`). What a newer node adds behind the known parts is passed over.

use std::str::SplitAsciiWhitespace;

use chrono::DateTime;
use entity::Timestamp;
use entity::assistant_answer::Status;
use entity::id::{TypedId, UserId};
use percent_encoding::{NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode};
use sea_orm::ActiveEnum;

use super::{Hint, Signal, SignalKind};

const KINDS: [(SignalKind, &str); 3] =
    [(SignalKind::Typing, "typing"), (SignalKind::Asks, "asks"), (SignalKind::Proves, "proves")];

impl Hint {
    /// The text that [`Hint::decode`] reads.
    pub(super) fn encode(&self) -> String {
        match self {
            Self::ThreadAt(thread_id, seq) => format!("thread {thread_id} {seq}"),
            Self::FeedAt(seq) => format!("feed {seq}"),
            Self::UserChanged(user_id, thread_id) => format!("user {user_id} {thread_id}"),
            Self::SessionRevoked(session_id) => format!("revoked {session_id}"),
            Self::AccessEnded(user_id) => format!("ended {user_id}"),
            Self::Signal(thread_id, Signal { user_id, at, kind }) => {
                format!("signal {thread_id} {user_id} {} {}", at.timestamp_micros(), kind.encode())
            }
            Self::Here(thread_id, node, at, users) => {
                let users: Vec<String> = users.iter().map(ToString::to_string).collect();
                format!("here {thread_id} {node} {} {}", at.timestamp_micros(), users.join(","))
            }
            Self::JobsReady(queue) => format!("jobs {queue}"),
            Self::BatchChanged(batch_id) => format!("batch {batch_id}"),
            Self::MintChanged(mint_id) => format!("mint {mint_id}"),
            Self::CacheDropped(key) => format!("cache {}", escaped(key)),
            Self::NodeAlive(node) => format!("alive {node}"),
            Self::NodeLeft(node) => format!("left {node}"),
            Self::Missed => "missed".into(),
        }
    }

    /// What another node said; nothing if this version does not understand it, which costs latency only.
    pub(super) fn decode(text: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
        Some(match parts.next()? {
            "thread" => Self::ThreadAt(id(&mut parts)?, parts.next()?.parse().ok()?),
            "feed" => Self::FeedAt(parts.next()?.parse().ok()?),
            "user" => Self::UserChanged(id(&mut parts)?, id(&mut parts)?),
            "revoked" => Self::SessionRevoked(id(&mut parts)?),
            "ended" => Self::AccessEnded(id(&mut parts)?),
            "signal" => {
                let (thread_id, user_id, at) = (id(&mut parts)?, id(&mut parts)?, moment(&mut parts)?);
                let kind = SignalKind::decode(&mut parts)?;
                Self::Signal(thread_id, Signal { user_id, at, kind })
            }
            "here" => {
                let (thread_id, node, at) = (id(&mut parts)?, id(&mut parts)?, moment(&mut parts)?);
                let users = parts.next()?.split(',').map(UserId::parse);
                Self::Here(thread_id, node, at, users.collect::<Result<_, _>>().ok()?)
            }
            "jobs" => Self::JobsReady(parts.next()?.into()),
            "batch" => Self::BatchChanged(id(&mut parts)?),
            "mint" => Self::MintChanged(id(&mut parts)?),
            "cache" => Self::CacheDropped(unescaped(&mut parts)?),
            "alive" => Self::NodeAlive(id(&mut parts)?),
            "left" => Self::NodeLeft(id(&mut parts)?),
            "missed" => Self::Missed,
            _ => return None,
        })
    }
}

impl SignalKind {
    fn encode(&self) -> String {
        match self {
            Self::Online(node) => format!("online {node}"),
            Self::Offline(node) => format!("offline {node}"),
            Self::Writes(question, text) => format!("writes {question} {}", escaped(text)),
            Self::Answer(question, status) => format!("answer {question} {}", status.to_value()),
            plain => KINDS.iter().find(|(known, _)| known == plain).map_or("", |(_, word)| word).to_owned(),
        }
    }

    fn decode(parts: &mut SplitAsciiWhitespace<'_>) -> Option<Self> {
        Some(match parts.next()? {
            "online" => Self::Online(id(parts)?),
            "offline" => Self::Offline(id(parts)?),
            "writes" => Self::Writes(id(parts)?, unescaped(parts)?),
            "answer" => Self::Answer(id(parts)?, Status::try_from_value(&parts.next()?.to_owned()).ok()?),
            word => KINDS.iter().find(|(_, known)| *known == word)?.0.clone(),
        })
    }
}

/// A text as one part.
fn escaped(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

fn unescaped(parts: &mut SplitAsciiWhitespace<'_>) -> Option<String> {
    Some(percent_decode_str(parts.next()?).decode_utf8().ok()?.into_owned())
}

fn moment(parts: &mut SplitAsciiWhitespace<'_>) -> Option<Timestamp> {
    DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)
}

fn id<I: TypedId>(parts: &mut SplitAsciiWhitespace<'_>) -> Option<I> {
    I::parse(parts.next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::clock::Clock;

    #[test]
    fn every_hint_arrives_as_it_was_sent() {
        let clock = Clock::default();
        let signal = |kind| Hint::Signal(clock.id(), Signal { user_id: clock.id(), at: clock.now(), kind });
        let mut hints = vec![
            Hint::ThreadAt(clock.id(), 0),
            Hint::ThreadAt(clock.id(), i64::MAX),
            Hint::FeedAt(1),
            Hint::UserChanged(clock.id(), clock.id()),
            Hint::SessionRevoked(clock.id()),
            Hint::AccessEnded(clock.id()),
            Hint::Here(clock.id(), clock.id(), clock.now(), vec![clock.id(), clock.id()]),
            Hint::JobsReady("mail".into()),
            Hint::BatchChanged(clock.id()),
            Hint::MintChanged(clock.id()),
            Hint::CacheDropped("names of Zoë and 50 % of others".into()),
            Hint::NodeAlive(clock.id()),
            Hint::NodeLeft(clock.id()),
            Hint::Missed,
        ];
        hints.extend(KINDS.map(|(kind, _)| signal(kind)));
        hints.push(signal(SignalKind::Online(clock.id())));
        hints.push(signal(SignalKind::Offline(clock.id())));
        hints.push(signal(SignalKind::Writes(clock.id(), "50 % of\nwhat is said".into())));
        hints.push(signal(SignalKind::Answer(clock.id(), Status::Limited)));
        for hint in hints {
            let text = hint.encode();
            assert_eq!(Hint::decode(text.as_bytes()), Some(hint.clone()), "{text}");
            assert_eq!(Hint::decode(format!("{text} more").as_bytes()), Some(hint), "{text} of a newer node");
        }
    }

    #[test]
    fn what_is_not_understood_is_passed_over() {
        let clock = Clock::default();
        let thread = clock.id::<entity::id::ThreadId>();
        let user = clock.id::<entity::id::UserId>();
        let texts = [
            String::new(),
            " ".into(),
            "poll closed".into(),
            "thread".into(),
            "feed".into(),
            "feed full".into(),
            format!("thread {thread}"),
            format!("thread {thread} many"),
            format!("thread {user} 1"),
            format!("user {thread} {user}"),
            format!("signal {thread} {user} 1"),
            "jobs".into(),
            "cache %ff".into(),
            format!("signal {thread} {user} 1 dancing"),
            format!("signal {thread} {user} 1 writes {thread} text"),
            format!("signal {thread} {user} 1 answer"),
            format!("signal {thread} {user} {} typing", i64::MAX),
        ];
        for text in texts {
            assert_eq!(Hint::decode(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Hint::decode(b"thread \xff 1"), None);
    }
}

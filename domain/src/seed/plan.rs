//! Which rows there are when a database is filled to scale: a pure function of the scale, the same at every run.
//!
//! Users, threads and messages are numbered from 1. Whatever looks random is drawn from its own number by hashing, so
//! that no row has to be kept in memory to know another one.

use chrono::Duration;
use entity::Timestamp;
use entity::id::TypedId;
use entity::thread::ThreadKind;
use uuid::Builder;

/// For each unit of scale.
const USERS: u64 = 1_000;
const THREADS: u64 = 500;
const MESSAGES: u64 = 200_000;
/// Another one gives another world.
const SEED: u64 = 42;
/// Members of every thread but the first, which has everybody, and the direct ones.
const MEMBERS: u64 = 10;
/// Messages back at the most that a reply goes.
pub(super) const REACH: u64 = 50;
/// Just short of the log's retention by default, so that the whole log is there for a day.
const DAYS: i64 = 89;

/// What is decided by a draw.
#[derive(Clone, Copy)]
pub(super) enum Draw {
    Id,
    IdTail,
    Name,
    Thread,
    Sender,
    Moment,
    Reply,
    Back,
    Reacts,
    Reactions,
    Attaches,
    Length,
    Words,
    Unread,
    Stride,
    Delay,
    Delivered,
}

/// 64 bits that depend on what is decided and for which number, and on nothing else.
pub(super) fn draw(what: Draw, number: u64) -> u64 {
    // The finalizer of SplitMix64, once for the question and once for the number.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |value: u64| {
        let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    };
    let stream = mix(SEED.wrapping_add((what as u64 + 1).wrapping_mul(STEP)));
    mix(stream.wrapping_add(number.wrapping_mul(STEP)))
}

/// The same as a number in `0..1`.
fn fraction(what: Draw, number: u64) -> f64 {
    (draw(what, number) >> 11) as f64 / (1_u64 << 53) as f64
}

/// What is written of one message besides its place.
pub(super) struct Sketch {
    /// Its thread.
    pub(super) thread: u64,
    /// Which of the thread's members sends it.
    pub(super) slot: u64,
    /// How many messages back the one is that it replies to; the first one, where there are fewer.
    pub(super) back: Option<u64>,
    /// How many reactions it has.
    pub(super) reactions: u64,
    /// Whether it carries a file.
    pub(super) attachment: bool,
}

/// How much there is, and when it happened.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) users: u64,
    pub(super) threads: u64,
    pub(super) messages: u64,
    /// When the first message may have been sent.
    begin: Timestamp,
    /// Microseconds between two messages.
    step: u64,
    /// Nothing happened later.
    pub(super) end: Timestamp,
}

impl Plan {
    pub(super) fn new(scale: u32, end: Timestamp) -> Self {
        let scale = u64::from(scale.max(1));
        let messages = MESSAGES * scale;
        let span = Duration::days(DAYS);
        let step = span.num_microseconds().map_or(1, |micros| micros.unsigned_abs() / messages).max(1);
        Self { users: USERS * scale, threads: THREADS * scale, messages, begin: end - span, step, end }
    }

    pub(super) fn kind(&self, thread: u64) -> ThreadKind {
        match thread % 20 {
            0 => ThreadKind::Room,
            3 | 13 => ThreadKind::Direct,
            _ => ThreadKind::Group,
        }
    }

    /// How many take part in a thread.
    pub(super) fn members(&self, thread: u64) -> u64 {
        match self.kind(thread) {
            _ if thread == 1 => self.users,
            ThreadKind::Direct => 2,
            ThreadKind::Group | ThreadKind::Room => MEMBERS,
        }
    }

    /// Who takes part in a thread; slot 0 made it.
    pub(super) fn member(&self, thread: u64, slot: u64) -> u64 {
        let place = match self.kind(thread) {
            _ if thread == 1 => slot,
            // Ten threads further on is the next direct one: no two share their first member, so no pair comes twice.
            ThreadKind::Direct => thread / 10 * 20 + slot * 101,
            ThreadKind::Room => (thread / 20 - 1) * 40 + slot * 101,
            ThreadKind::Group => thread * 7 + slot * 101,
        };
        1 + place % self.users
    }

    /// How many participations there are in all.
    pub(super) fn participations(&self) -> u64 {
        (1..=self.threads).map(|thread| self.members(thread)).sum()
    }

    /// The thread of a message: few threads have most of the messages.
    pub(super) fn thread_of(&self, message: u64) -> u64 {
        let place = fraction(Draw::Thread, message);
        // The cube as products, which round alike on every machine.
        1 + ((self.threads as f64) * (place * place * place)) as u64
    }

    /// Which member of its thread sends a message.
    pub(super) fn slot_of(&self, message: u64, thread: u64) -> u64 {
        if thread == 1 { message * 37 % self.users } else { draw(Draw::Sender, message) % self.members(thread) }
    }

    pub(super) fn message(&self, message: u64) -> Sketch {
        let thread = self.thread_of(message);
        let reacts = fraction(Draw::Reacts, message) < 0.20;
        let replies = fraction(Draw::Reply, message) < 0.10;
        Sketch {
            thread,
            slot: self.slot_of(message, thread),
            back: replies.then(|| 1 + draw(Draw::Back, message) % REACH),
            reactions: if reacts { 1 + draw(Draw::Reactions, message) % 5 } else { 0 },
            attachment: fraction(Draw::Attaches, message) < 0.05,
        }
    }

    /// When a message was sent; later ones later.
    pub(super) fn sent_at(&self, message: u64) -> Timestamp {
        let micros = (message - 1) * self.step + draw(Draw::Moment, message) % self.step;
        self.begin + Duration::microseconds(micros.cast_signed())
    }

    /// When a user signed up: within three weeks, before there was any thread.
    pub(super) fn user_at(&self, user: u64) -> Timestamp {
        spread(user, self.users, 21, self.begin - Duration::days(10))
    }

    /// When a thread was made: before its first message.
    pub(super) fn thread_at(&self, thread: u64) -> Timestamp {
        spread(thread, self.threads, 9, self.begin)
    }

    /// An id that sorts where `at` belongs: a UUIDv7 whose random part is drawn.
    pub(super) fn id<I: TypedId>(&self, number: u64, at: Timestamp) -> I {
        // Ids of different kinds are in different tables; their prefix keeps the draws apart, too.
        let kind = I::PREFIX.bytes().fold(0_u64, |sum, byte| sum << 8 | u64::from(byte)) << 40;
        let (head, tail) =
            (draw(Draw::Id, number ^ kind).to_be_bytes(), draw(Draw::IdTail, number ^ kind).to_be_bytes());
        let [a, b, c, d, e, f, g, h] = head;
        let random = [a, b, c, d, e, f, g, h, tail[0], tail[1]];
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        I::from_uuid(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// What a message says: some 20 to 219 characters of small talk.
    pub(super) fn words(&self, message: u64) -> String {
        let length = 20 + draw(Draw::Length, message) as usize % 200;
        let first = draw(Draw::Words, message) as usize % SENTENCES.len();
        let mut text = String::with_capacity(length + 60);
        for sentence in SENTENCES.iter().cycle().skip(first) {
            text.push_str(sentence);
            if text.len() >= length {
                break;
            }
        }
        text.truncate(length);
        text.truncate(text.trim_end().len());
        text
    }

    /// A name; a number tells namesakes apart.
    pub(super) fn name(&self, user: u64) -> (&'static str, String) {
        let bits = draw(Draw::Name, user) as usize;
        let (first, last) = (FIRST[bits % FIRST.len()], LAST[bits / FIRST.len() % LAST.len()]);
        (first, format!("{last} {user}"))
    }
}

/// Spreads what is numbered from 1 to `of` evenly over the days before a point in time.
fn spread(number: u64, of: u64, days: i64, before: Timestamp) -> Timestamp {
    let step = Duration::days(days).num_microseconds().unwrap_or(0) / of.max(1).cast_signed();
    before - Duration::microseconds(step * of.saturating_sub(number).cast_signed())
}

const FIRST: [&str; 24] = [
    "Ada", "Amir", "Bea", "Carlos", "Chiara", "Dmitri", "Elif", "Emeka", "Femke", "Grace", "Hana", "Idris", "Ines",
    "Jamal", "Kaito", "Leila", "Mateo", "Nadia", "Oskar", "Paula", "Quentin", "Rosa", "Soren", "Tess",
];

const LAST: [&str; 24] = [
    "Abara", "Bergman", "Castillo", "Dubois", "Eriksen", "Fontaine", "Garcia", "Hoffmann", "Ito", "Jansen", "Kowalski",
    "Lopez", "Mbeki", "Novak", "Oduya", "Petrov", "Quinn", "Rossi", "Sato", "Tremblay", "Ueda", "Varga", "Weber",
    "Yilmaz",
];

const SENTENCES: [&str; 16] = [
    "The numbers look right to me. ",
    "Who has the key to the small meeting room? ",
    "I pushed the change; the build is green again. ",
    "Can we move this to Thursday, please? ",
    "Thanks, that helped. ",
    "It worked on the second try, so let's find out why not on the first. ",
    "Lunch at half past twelve, the usual place. ",
    "I wrote down what we agreed on, please correct me where I'm wrong. ",
    "Does anybody remember why we did it this way? ",
    "The customer says it's fast now. ",
    "See the attached list, the last page has the dates. ",
    "Sounds good. ",
    "I'll have a look tomorrow morning. ",
    "We should write that into the guide. ",
    "The train is late, start without me. ",
    "One more thing: the old link still works. ",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use entity::id::{MessageId, UserId};

    use super::*;

    fn plan(scale: u32) -> Plan {
        Plan::new(scale, Timestamp::from_timestamp_micros(1_790_000_000_000_000).expect("a date"))
    }

    #[test]
    fn an_eighth_of_the_messages_is_in_the_first_thread_and_every_thread_has_some() {
        let plan = plan(1);
        let mut counts = vec![0_u64; 501];
        (1..=plan.messages).for_each(|message| counts[plan.thread_of(message) as usize] += 1);
        assert_eq!(counts[0], 0);
        assert!((24_500..26_000).contains(&counts[1]), "{}", counts[1]);
        assert!(counts[1..].iter().all(|count| *count > 80));
        assert!(counts[2] < counts[1] / 3 && counts[500] < counts[2] / 20);
    }

    #[test]
    fn shares_of_replies_reactions_and_files_are_as_asked() {
        let plan = plan(1);
        let (mut replies, mut reacted, mut reactions, mut files) = (0, 0, 0, 0);
        for sketch in (1..=plan.messages).map(|message| plan.message(message)) {
            assert!(sketch.slot < plan.members(sketch.thread));
            assert!(sketch.back.is_none_or(|back| (1..=REACH).contains(&back)));
            replies += u64::from(sketch.back.is_some());
            reacted += u64::from(sketch.reactions > 0);
            reactions += sketch.reactions;
            files += u64::from(sketch.attachment);
        }
        assert!((19_500..20_500).contains(&replies), "{replies}");
        assert!((39_300..40_700).contains(&reacted), "{reacted}");
        assert!((2.9..3.1).contains(&(reactions as f64 / reacted as f64)), "{reactions}");
        assert!((9_600..10_400).contains(&files), "{files}");
    }

    #[test]
    fn members_differ_within_a_thread_and_pairs_between_direct_ones() {
        for scale in [1, 2, 7, 10] {
            let plan = plan(scale);
            let mut pairs = HashSet::new();
            let mut kinds = [0_u64; 3];
            for thread in 1..=plan.threads {
                let members: Vec<u64> = (0..plan.members(thread)).map(|slot| plan.member(thread, slot)).collect();
                assert!(members.iter().all(|user| (1..=plan.users).contains(user)));
                assert_eq!(members.iter().collect::<HashSet<_>>().len(), members.len(), "thread {thread}");
                match plan.kind(thread) {
                    ThreadKind::Direct => {
                        let pair = (members[0].min(members[1]), members[0].max(members[1]));
                        assert!(pairs.insert(pair), "thread {thread} at scale {scale}");
                        kinds[0] += 1;
                    }
                    ThreadKind::Group => kinds[1] += 1,
                    ThreadKind::Room => kinds[2] += 1,
                }
            }
            assert_eq!(kinds.map(|count| count * 100 / plan.threads), [10, 85, 5]);
        }
        // The first user has threads of every kind.
        assert!([1, 3, 20].iter().all(|thread| plan(1).member(*thread, 0) == 1));
    }

    #[test]
    fn dates_and_ids_follow_the_numbers() {
        let plan = plan(1);
        assert!(plan.user_at(plan.users) < plan.thread_at(1) && plan.thread_at(plan.threads) <= plan.sent_at(1));
        assert!(plan.sent_at(plan.messages) <= plan.end);
        assert!((1..2_000).all(|message| plan.sent_at(message) < plan.sent_at(message + 1)));
        let ids: Vec<MessageId> = (1..2_000).map(|message| plan.id(message, plan.sent_at(message))).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[0], plan.id(1, plan.sent_at(1)));
        assert_ne!(ids[0].uuid(), plan.id::<UserId>(1, plan.sent_at(1)).uuid());
        assert_eq!(ids[0].uuid().get_version_num(), 7);
    }
}

//! How far everybody has read when a database is filled to scale: nearly everything, and all that they answered to.

use std::collections::VecDeque;

use chrono::Duration;
use entity::Timestamp;
use entity::read_mark::MarkKind;

use super::plan::{Draw, Plan, draw};

/// Messages that somebody has not read, less one, at the most.
const UNREAD: u64 = 40;
/// How many messages of a thread are remembered: marks stand within them.
const REMEMBERED: usize = 160;

/// What a thread amounts to.
#[derive(Clone, Default)]
pub(super) struct Sum {
    /// Its messages: the last one's position, and its seq.
    pub(super) count: u64,
    /// The numbers of the last ones, oldest first.
    last: VecDeque<u64>,
    /// The position of the last one of each member's own; 0 if there is none.
    own: Vec<u64>,
}

impl Sum {
    /// The sums of all threads; that of thread 1 first.
    pub(super) fn of_all(plan: &Plan) -> Vec<Self> {
        let empty = |thread| Self { own: vec![0; plan.members(thread) as usize], ..Self::default() };
        let mut sums: Vec<Self> = (1..=plan.threads).map(empty).collect();
        for message in 1..=plan.messages {
            let thread = plan.thread_of(message);
            let sum = &mut sums[thread as usize - 1];
            sum.count += 1;
            sum.own[plan.slot_of(message, thread) as usize] = sum.count;
            sum.last.push_back(message);
            if sum.last.len() > REMEMBERED {
                sum.last.pop_front();
            }
        }
        sums
    }

    /// The number of the message at a position, if it is remembered.
    fn message_at(&self, position: u64) -> Option<u64> {
        let first = self.count - self.last.len() as u64 + 1;
        let index = usize::try_from(position.checked_sub(first)?).ok()?;
        self.last.get(index).copied()
    }

    /// When the last message was sent.
    pub(super) fn last_at(&self, plan: &Plan) -> Option<Timestamp> {
        self.last.back().map(|message| plan.sent_at(*message))
    }
}

/// How far one member has read.
pub(super) struct Reading {
    /// The last message read.
    pub(super) position: u64,
    /// When; nothing if nothing was read.
    pub(super) at: Option<Timestamp>,
    /// The last message that a device of theirs has got.
    pub(super) delivered: u64,
    /// The marks that lead there, oldest first.
    pub(super) marks: Vec<(MarkKind, u64, Timestamp)>,
}

impl Reading {
    /// Of the member in one slot of a thread.
    pub(super) fn of(plan: &Plan, thread: u64, slot: u64, sum: &Sum) -> Self {
        let reader = thread * plan.users + slot;
        let unread = draw(Draw::Unread, reader) % UNREAD;
        // Whoever sends has read what was there before.
        let position = sum.count.saturating_sub(unread).max(sum.own[slot as usize]);
        let mut places: Vec<u64> = Vec::new();
        let mut place = position;
        while place > 0 && sum.message_at(place).is_some() {
            places.push(place);
            place = place.saturating_sub(5 + draw(Draw::Stride, reader + place) % 16);
        }
        let mut marks = Vec::with_capacity(places.len() + 1);
        let mut latest = None;
        for place in places.into_iter().rev() {
            let Some(message) = sum.message_at(place) else { continue };
            let delay = Duration::seconds((draw(Draw::Delay, reader + place) % 900).cast_signed());
            let at = (plan.sent_at(message) + delay).min(plan.end).max(latest.unwrap_or(Timestamp::MIN_UTC));
            latest = Some(at);
            marks.push((MarkKind::Read, place, at));
        }
        // Half of those who are behind have the rest on a device.
        let mut delivered = position;
        if position < sum.count && draw(Draw::Delivered, reader).is_multiple_of(2) {
            delivered = sum.count;
            let at = sum.last_at(plan).unwrap_or(plan.end) + Duration::seconds(1);
            marks.push((MarkKind::Delivered, delivered, at.min(plan.end)));
        }
        Self { position, at: latest, delivered, marks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_behind_what_they_sent_nor_by_more_than_forty() {
        let plan = Plan::new(1, Timestamp::from_timestamp_micros(1_790_000_000_000_000).expect("a date"));
        let sums = Sum::of_all(&plan);
        assert_eq!(sums.iter().map(|sum| sum.count).sum::<u64>(), plan.messages);
        let mut unread = [0_u64; 40];
        for (thread, sum) in (1..).zip(&sums) {
            for slot in 0..plan.members(thread) {
                let reading = Reading::of(&plan, thread, slot, sum);
                assert!(reading.position >= sum.own[slot as usize] && reading.delivered >= reading.position);
                unread[(sum.count - reading.position) as usize] += 1;
                let read: Vec<_> = reading.marks.iter().filter(|mark| mark.0 == MarkKind::Read).collect();
                assert!(read.is_sorted_by(|one, next| one.1 < next.1 && one.2 <= next.2));
                assert_eq!(read.last().map(|mark| (mark.1, Some(mark.2))), Some((reading.position, reading.at)));
                assert!(reading.marks.iter().all(|mark| mark.2 <= plan.end));
            }
        }
        assert!(unread.iter().all(|count| *count > 0), "{unread:?}");
    }
}

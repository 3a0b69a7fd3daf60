//! The walk through the index: which messages an engine finds, in the order in which they were sent, from either end, some at a time.
//!
//! SQLite's FTS5 gives them in that order by itself and stops when it has enough. PostgreSQL's GIN gives all or nothing, so it is asked
//! for one period after the other: first for one that has some hundred messages of everybody's, then for longer ones, by what
//! those before had. So what is looked at is bounded by what is shown, whether a word is in a few messages or in all.

use entity::id::{MessageId, ThreadId, UserId};
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{ArrayType, Value};

use super::index::{Mark, PERIODS};
use super::query::{Query, Term};
use super::words::LONGEST_PREFIX;
use super::{first_of, millisecond};
use crate::app::App;
use crate::error::Result;
use crate::infra::db::Engine;

/// Among which messages is searched.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// The words that they have to have.
    pub(super) query: Query,
    /// The threads that they have to be in one of; whatever the next says, if it is empty.
    pub(super) threads: Vec<ThreadId>,
    /// They may be in any room, too, but for these; in none, if there is no such list.
    pub(super) rooms: Option<Vec<ThreadId>>,
    /// Who has to have sent them.
    pub(super) sender: Option<UserId>,
    /// What their metadata has to have.
    pub(super) metadata: Vec<Mark>,
}

impl Choice {
    /// Of these a message has to have one.
    fn any(&self) -> Vec<Mark> {
        let threads = self.threads.iter().copied().map(Mark::thread);
        threads.chain(self.rooms.as_ref().map(|_| Mark::room())).collect()
    }

    /// Of these, none.
    fn none(&self) -> Vec<Mark> {
        self.rooms.iter().flatten().copied().map(Mark::thread).collect()
    }

    /// Of these, all.
    fn all(&self) -> Vec<Mark> {
        self.sender.map(Mark::sender).into_iter().chain(self.metadata.iter().copied()).collect()
    }

    /// As FTS5 reads it.
    fn for_sqlite(&self) -> String {
        let quoted = |text: &str| format!("\"{text}\"");
        let term = |term: &Term| match term {
            Term::Word(word) => quoted(word),
            Term::Prefix(word) if is_long(word) => format!("{} *", quoted(word)),
            Term::Prefix(word) => format!("({} OR {})", quoted(word), quoted(&format!("_{word}"))),
            Term::Phrase(words) => quoted(&words.join(" ")),
        };
        let or = |marks: Vec<Mark>| {
            let marks: Vec<_> = marks.into_iter().map(|mark| quoted(&mark.term())).collect();
            format!("({})", marks.join(" OR "))
        };
        let mut terms: Vec<String> = self.query.0.iter().map(term).collect();
        terms.extend(self.all().into_iter().map(|mark| quoted(&mark.term())));
        let none = self.none();
        terms.push(if none.is_empty() { or(self.any()) } else { format!("({} NOT {})", or(self.any()), or(none)) });
        terms.join(" AND ")
    }

    /// As PostgreSQL writes a `tsquery`.
    fn for_postgres(&self) -> String {
        let term = |term: &Term| match term {
            Term::Word(word) => format!("'{word}'"),
            Term::Prefix(word) if is_long(word) => format!("'{word}':*"),
            Term::Prefix(word) => format!("('{word}' | '_{word}')"),
            Term::Phrase(words) => {
                let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
                format!("({})", quoted.join(" <-> "))
            }
        };
        self.query.0.iter().map(term).collect::<Vec<_>>().join(" & ")
    }
}

/// Whether a beginning is longer than those in the index: then the engine looks which of its words begin so.
fn is_long(prefix: &str) -> bool {
    prefix.chars().nth(LONGEST_PREFIX).is_some()
}

fn array(marks: impl IntoIterator<Item = Mark>) -> Value {
    Value::Array(ArrayType::BigInt, Some(Box::new(marks.into_iter().map(|mark| mark.0.into()).collect())))
}

/// A message that the index has found.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub(super) struct Candidate {
    pub(super) n: i64,
    pub(super) message_id: MessageId,
}

/// The part of the index that is still to be walked through: numbers between two, neither among them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) low: i64,
    pub(super) high: i64,
}

/// A walk.
pub(super) struct Walk<'a> {
    app: &'a App,
    choice: &'a Choice,
    left: Range,
    /// From the oldest on.
    oldest_first: bool,
    /// Milliseconds of the next period, on PostgreSQL; none before the first.
    length: Option<i64>,
    /// What the periods before had, in how many milliseconds.
    passed: (i64, i64),
}

/// Messages of everybody's that the first period has, if they come evenly.
const FIRST: i64 = 500;
/// How many times as long as the one before a period is, at the most.
const GROWTH: i64 = 8;
/// Periods of a length that are looked through at once.
const AT_ONCE: i64 = 64;

impl<'a> Walk<'a> {
    pub(super) fn new(app: &'a App, choice: &'a Choice, left: Range, oldest_first: bool) -> Self {
        Self { app, choice, left, oldest_first, length: None, passed: (0, 0) }
    }

    /// The next messages, so many at the most; none if there are no more.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Vec<Candidate>> {
        if self.choice.query.0.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let limit = limit as i64;
        while self.left.low < self.left.high.saturating_sub(1) {
            let found = match self.app.db.engine() {
                Engine::Sqlite => self.on_sqlite(limit).await?,
                Engine::Postgres => self.on_postgres(limit).await?,
            };
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    fn order(&self) -> &'static str {
        if self.oldest_first { "" } else { " DESC" }
    }

    /// Goes on behind what was found; or behind `range`, all of which was found.
    fn pass(&mut self, found: &[Candidate], limit: i64, range: Range) {
        let last = found.last().filter(|_| found.len() as i64 == limit);
        match (self.oldest_first, last) {
            (true, Some(last)) => self.left.low = last.n,
            (true, None) => self.left.low = range.high - 1,
            (false, Some(last)) => self.left.high = last.n,
            (false, None) => self.left.high = range.low + 1,
        }
    }

    async fn on_sqlite(&mut self, limit: i64) -> Result<Vec<Candidate>> {
        let order = self.order();
        let sql = format!(
            "SELECT s.n, s.message_id FROM (SELECT rowid AS n FROM message_search_terms WHERE message_search_terms MATCH $1 \
             AND rowid > $2 AND rowid < $3 ORDER BY rowid{order} LIMIT $4) f \
             CROSS JOIN message_search s ON s.n = f.n ORDER BY s.n{order}"
        );
        let values = [self.choice.for_sqlite().into(), self.left.low.into(), self.left.high.into(), limit.into()];
        let found: Vec<Candidate> = self.app.db.all(sql, values).await?;
        self.pass(&found, limit, self.left);
        Ok(found)
    }

    async fn on_postgres(&mut self, limit: i64) -> Result<Vec<Candidate>> {
        let length = match self.length {
            Some(length) => length,
            None => match self.measure().await? {
                Some(length) => length,
                None => return Ok(Vec::new()),
            },
        };
        let range = self.period(length);
        let mut values = vec![range.low.into(), range.high.into(), limit.into()];
        let mut conditions = Vec::new();
        let mut add = |test: &str, value: Value, cast: &str| {
            values.push(value);
            conditions.push(format!("{test} ${}{cast}", values.len()));
        };
        // What bounds the work comes first: that is the order in which the index compares.
        if let Some(periods) = periods(range) {
            add("marks &&", array(periods), "");
        }
        add("marks &&", array(self.choice.any()), "");
        let all = self.choice.all();
        if !all.is_empty() {
            add("marks @>", array(all), "");
        }
        let none = self.choice.none();
        if !none.is_empty() {
            add("NOT marks &&", array(none), "");
        }
        add("terms @@", self.choice.for_postgres().into(), "::text::tsquery");
        let sql = format!(
            "WITH found AS MATERIALIZED (SELECT n, message_id FROM message_search WHERE {}) \
             SELECT n, message_id FROM found WHERE n > $1 AND n < $2 ORDER BY n{} LIMIT $3",
            conditions.join(" AND "),
            self.order()
        );
        let found: Vec<Candidate> = self.app.db.all(sql, values).await?;
        self.pass(&found, limit, range);
        self.passed = (self.passed.0 + found.len() as i64, self.passed.1 + length);
        self.length = Some(self.following(length, limit));
        Ok(found)
    }

    /// How long the next period is: so long that it has what is wanted, if it is as those before.
    fn following(&self, length: i64, wanted: i64) -> i64 {
        let (found, passed) = self.passed;
        let most = length.saturating_mul(GROWTH);
        if found == 0 { most } else { (passed.saturating_mul(2 * wanted) / found).clamp(length, most) }
    }

    /// The next part of what is left, of this length.
    fn period(&self, length: i64) -> Range {
        let Range { low, high } = self.left;
        if self.oldest_first {
            Range { low, high: high.min(first_of(millisecond(low).saturating_add(length))) }
        } else {
            Range { low: low.max(first_of(millisecond(high).saturating_sub(length).max(0)) - 1), high }
        }
    }

    /// How long the first period is; none if the index is empty. Leaves out of what is left what is before and behind all messages.
    async fn measure(&mut self) -> Result<Option<i64>> {
        let sql = "SELECT (SELECT n FROM message_search ORDER BY n LIMIT 1) AS first, \
                   (SELECT n FROM message_search ORDER BY n DESC LIMIT 1) AS last, \
                   (SELECT reltuples::bigint FROM pg_class WHERE oid = 'message_search'::regclass) AS count";
        let extent: Option<Extent> = self.app.db.one(sql, []).await?;
        let Some((first, last, count)) = extent.and_then(|extent| Some((extent.first?, extent.last?, extent.count)))
        else {
            self.left.high = self.left.low;
            return Ok(None);
        };
        self.left = Range { low: self.left.low.max(first - 1), high: self.left.high.min(last + 1) };
        let all = millisecond(last) - millisecond(first) + 1;
        // It is not counted yet while it is small.
        let share = if count > FIRST { all / (count / FIRST) } else { all };
        Ok(Some(share.max(1000)))
    }
}

#[derive(FromQueryResult)]
struct Extent {
    first: Option<i64>,
    last: Option<i64>,
    count: i64,
}

/// The shortest periods of which not too many make up a range; none if even of the longest it has too many.
fn periods(range: Range) -> Option<impl Iterator<Item = Mark>> {
    let (first, last) = (millisecond(range.low + 1), millisecond(range.high - 1));
    let bits = PERIODS.into_iter().find(|bits| (last >> bits) - (first >> bits) < AT_ONCE)?;
    Some(((first >> bits)..=(last >> bits)).map(move |number| Mark::period(bits, number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_made_up_of_few_periods() {
        let day = 24 * 3600 * 1000;
        let count = |length: i64| {
            let now = 20_000 * day;
            periods(Range { low: first_of(now - length), high: first_of(now) }).map(|marks| marks.count())
        };
        assert_eq!(count(1000), Some(1));
        for length in [60_000, 3_600_000, day, 30 * day, 365 * day, 3000 * day] {
            assert!(count(length).is_some_and(|count| count <= 64), "{length}");
        }
        assert_eq!(count(10_000 * day), None);
    }
}

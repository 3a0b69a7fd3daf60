//! What the index holds of a message, and how that is kept.

use std::collections::{BTreeMap, BTreeSet};

use entity::id::{MessageId, TypedId, UserId};
use entity::message;
use entity::thread::ThreadKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult, Statement};
use sha2::{Digest, Sha256};

use super::first_of;
use super::terms::Terms;
use super::words::words;
use crate::app::App;
use crate::archive::{ARCHIVE, IN_USE, MESSAGE};
use crate::error::Result;
use crate::infra::db::{self, Engine};
use crate::infra::keys::{Column, Key};
use crate::job::{Running, give_way};

/// Entries of metadata that a message is found by, at the most.
const MOST_METADATA: usize = 32;
/// Periods that PostgreSQL looks through one at a time: bits of a millisecond that are the same in one. 16 seconds, 17 minutes, 18
/// hours, 50 days.
pub(super) const PERIODS: [u32; 4] = [14, 20, 26, 32];

/// What a message can be chosen by beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark(pub(super) i64);

impl Mark {
    fn hashed(kind: &str, name: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(kind).chain_update(name).finalize();
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        Self(i64::from_be_bytes(bytes))
    }

    /// It is in a room.
    pub(super) fn room() -> Self {
        Self::hashed("room", &[])
    }

    /// It is in this thread.
    pub(super) fn thread(id: impl TypedId) -> Self {
        Self::hashed("thread", id.uuid().as_bytes())
    }

    /// This account has sent it.
    pub(super) fn sender(id: UserId) -> Self {
        Self::hashed("sender", id.uuid().as_bytes())
    }

    /// Its metadata has this under a key, or in the list there. None if it is neither a text nor a number nor a boolean.
    pub(super) fn metadata(key: &str, value: &serde_json::Value) -> Option<Self> {
        let value = match value {
            serde_json::Value::Array(_) | serde_json::Value::Object(_) | serde_json::Value::Null => return None,
            // 1.0 is 1.
            serde_json::Value::Number(number) => number
                .as_f64()
                .filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15)
                .map_or_else(|| number.to_string(), |whole| (whole as i64).to_string()),
            other => other.to_string(),
        };
        Some(Self::hashed("metadata", format!("{key}\0{value}").as_bytes()))
    }

    /// It was sent in this period.
    pub(super) fn period(bits: u32, number: i64) -> Self {
        Self(number << 6 | i64::from(bits))
    }

    /// As a term of FTS5's.
    pub(super) fn term(self) -> String {
        format!("-{:016x}", self.0)
    }
}

/// A message that says something, with what its marks are made of.
pub(crate) struct Entry<'a> {
    pub(crate) message: &'a message::Model,
    pub(crate) kind: ThreadKind,
}

impl Entry<'_> {
    fn millisecond(&self) -> i64 {
        self.message.created_at.timestamp_millis()
    }

    fn marks(&self) -> BTreeSet<Mark> {
        let mut marks = BTreeSet::from([Mark::thread(self.message.thread_id)]);
        marks.extend((self.kind == ThreadKind::Room).then(Mark::room));
        marks.extend(self.message.sender_id.map(Mark::sender));
        let metadata = self.message.metadata.as_ref().and_then(serde_json::Value::as_object);
        let pairs = metadata.into_iter().flatten().flat_map(|(key, value)| match value {
            serde_json::Value::Array(list) => list.iter().map(|value| (key, value)).collect(),
            one => vec![(key, one)],
        });
        marks.extend(pairs.filter_map(|(key, value)| Mark::metadata(key, value)).take(MOST_METADATA));
        marks
    }

    fn content(&self) -> &str {
        self.message.content.as_deref().unwrap_or_default()
    }

    /// As FTS5 reads it: words, beginnings of words, marks, with spaces between. What is no word keeps the place of one.
    fn for_sqlite(&self) -> String {
        let words = words(self.content());
        let Terms { places, prefixes } = Terms::of(&words);
        let mut text: Vec<String> = places.into_iter().map(|word| word.unwrap_or("_").to_owned()).collect();
        text.extend(prefixes.into_iter().map(|prefix| format!("_{prefix}")));
        text.extend(self.marks().into_iter().map(Mark::term));
        text.join(" ")
    }

    /// As PostgreSQL writes a `tsvector`: words with their places, beginnings without. No word has a quote or a backslash in it.
    fn for_postgres(&self) -> String {
        let words = words(self.content());
        let Terms { places, prefixes } = Terms::of(&words);
        let mut of_words: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (word, place) in places.into_iter().zip(1..).filter_map(|(word, place)| Some((word?, place))) {
            of_words.entry(word).or_default().push(place.to_string());
        }
        let mut terms: Vec<String> =
            of_words.into_iter().map(|(word, places)| format!("'{word}':{}", places.join(","))).collect();
        terms.extend(prefixes.into_iter().map(|prefix| format!("'_{prefix}'")));
        terms.join(" ")
    }

    /// As PostgreSQL writes an array.
    fn marks_for_postgres(&self) -> String {
        let periods = PERIODS.map(|bits| Mark::period(bits, self.millisecond() >> bits));
        let marks: Vec<String> = self.marks().into_iter().chain(periods).map(|mark| mark.0.to_string()).collect();
        format!("{{{}}}", marks.join(","))
    }
}

/// Has the index say of messages what they say now; of what says nothing any more, nothing.
pub(crate) async fn keep(engine: Engine, on: &DatabaseTransaction, entries: Vec<Entry<'_>>) -> Result<()> {
    let (said, silent): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.message.content.is_some());
    if !silent.is_empty() {
        remove(engine, on, silent.iter().map(|entry| entry.message.id)).await?;
    }
    if said.is_empty() {
        return Ok(());
    }
    let statements = match engine {
        Engine::Sqlite => {
            let numbers = take_back(on, &said).await?;
            on_sqlite(on, said, numbers).await?
        }
        Engine::Postgres => vec![on_postgres(&said)],
    };
    for statement in statements {
        on.execute_raw(statement).await?;
    }
    Ok(())
}

/// The statements that have the index say what messages say of which it knows nothing yet.
pub(crate) async fn of_new(
    engine: Engine,
    on: &DatabaseTransaction,
    entries: impl Iterator<Item = Entry<'_>>,
) -> Result<Vec<Statement>> {
    let said: Vec<_> = entries.filter(|entry| entry.message.content.is_some()).collect();
    match engine {
        _ if said.is_empty() => Ok(Vec::new()),
        Engine::Sqlite => on_sqlite(on, said, BTreeMap::new()).await,
        Engine::Postgres => Ok(vec![on_postgres(&said)]),
    }
}

async fn remove(engine: Engine, on: &DatabaseTransaction, ids: impl Iterator<Item = MessageId>) -> Result<()> {
    let (ids, among) = (engine.ids(ids), engine.among(1));
    if engine == Engine::Sqlite {
        let sql = format!(
            "DELETE FROM message_search_terms WHERE rowid IN (SELECT n FROM message_search WHERE message_id {among})"
        );
        on.execute_raw(engine.sql(sql, [ids.clone()])).await?;
    }
    on.execute_raw(engine.sql(format!("DELETE FROM message_search WHERE message_id {among}"), [ids])).await?;
    Ok(())
}

fn on_postgres(entries: &[Entry<'_>]) -> Statement {
    let engine = Engine::Postgres;
    let columns =
        [("first", Column::Number), ("message_id", Column::Id), ("marks", Column::Text), ("terms", Column::Text)];
    let rows = entries.iter().map(|entry| {
        let first = Key::Number(first_of(entry.millisecond()));
        [first, entry.message.id.into(), Key::Text(entry.marks_for_postgres()), Key::Text(entry.for_postgres())]
    });
    // The counter goes round: of no millisecond there are so many.
    let sql = format!(
        "WITH {} INSERT INTO message_search (n, message_id, marks, terms) \
         SELECT w.first + nextval('message_search_slots'), w.message_id, w.marks::bigint[], w.terms::tsvector FROM want w \
         ON CONFLICT (message_id) DO UPDATE SET marks = excluded.marks, terms = excluded.terms",
        engine.want(&columns, 1)
    );
    engine.sql(sql, [engine.keys(&columns, rows)])
}

#[derive(FromQueryResult)]
struct Numbered {
    n: i64,
    message_id: MessageId,
}

/// FTS5 has no upsert: takes away what is there of messages. Gives the numbers that they have.
async fn take_back(on: &DatabaseTransaction, entries: &[Entry<'_>]) -> Result<BTreeMap<MessageId, i64>> {
    let engine = Engine::Sqlite;
    let ids = engine.ids(entries.iter().map(|entry| entry.message.id));
    let sql = format!("SELECT n, message_id FROM message_search WHERE message_id {}", engine.among(1));
    let known: Vec<Numbered> = db::all(on, engine, sql, [ids]).await?;
    if !known.is_empty() {
        let columns = [("n", Column::Number)];
        let sql = format!(
            "WITH {} DELETE FROM message_search_terms WHERE rowid IN (SELECT n FROM want)",
            engine.want(&columns, 1)
        );
        let keys = engine.keys(&columns, known.iter().map(|row| [Key::Number(row.n)]));
        on.execute_raw(engine.sql(sql, [keys])).await?;
    }
    Ok(known.into_iter().map(|row| (row.message_id, row.n)).collect())
}

/// Those that have no number yet are given one: SQLite's writer is alone, so it can count.
async fn on_sqlite(
    on: &DatabaseTransaction,
    entries: Vec<Entry<'_>>,
    mut numbers: BTreeMap<MessageId, i64>,
) -> Result<Vec<Statement>> {
    let engine = Engine::Sqlite;
    let mut statements = Vec::new();
    let new: Vec<_> = entries.iter().filter(|entry| !numbers.contains_key(&entry.message.id)).collect();
    if !new.is_empty() {
        let mut next = following(on, new.iter().map(|entry| first_of(entry.millisecond())).collect()).await?;
        for entry in &new {
            let next = next.entry(first_of(entry.millisecond())).or_insert_with(|| first_of(entry.millisecond()));
            numbers.insert(entry.message.id, *next);
            *next += 1;
        }
        let columns = [("n", Column::Number), ("message_id", Column::Id)];
        let rows = new.iter().map(|entry| [Key::Number(numbers[&entry.message.id]), entry.message.id.into()]);
        let sql = format!(
            "WITH {} INSERT INTO message_search (n, message_id) SELECT n, message_id FROM want",
            engine.want(&columns, 1)
        );
        statements.push(engine.sql(sql, [engine.keys(&columns, rows)]));
    }
    let columns = [("n", Column::Number), ("terms", Column::Text)];
    let rows = entries.iter().map(|entry| [Key::Number(numbers[&entry.message.id]), Key::Text(entry.for_sqlite())]);
    let sql = format!(
        "WITH {} INSERT INTO message_search_terms (rowid, terms) SELECT n, terms FROM want",
        engine.want(&columns, 1)
    );
    statements.push(engine.sql(sql, [engine.keys(&columns, rows)]));
    Ok(statements)
}

#[derive(FromQueryResult)]
struct Last {
    first: i64,
    n: i64,
}

/// The next number of each of these milliseconds; those of which no number was given are missing.
async fn following(on: &DatabaseTransaction, firsts: BTreeSet<i64>) -> Result<BTreeMap<i64, i64>> {
    let engine = Engine::Sqlite;
    let columns = [("first", Column::Number)];
    let sql = format!(
        "WITH {} SELECT w.first, s.n FROM want w CROSS JOIN message_search s ON s.n = \
         (SELECT n FROM message_search WHERE n >= w.first AND n < w.first + {} ORDER BY n DESC LIMIT 1)",
        engine.want(&columns, 1),
        first_of(1)
    );
    let keys = engine.keys(&columns, firsts.into_iter().map(|first| [Key::Number(first)]));
    let last: Vec<Last> = db::all(on, engine, sql, [keys]).await?;
    Ok(last.into_iter().map(|last| (last.first, last.n + 1)).collect())
}

/// A message with the kind of its thread.
#[derive(FromQueryResult)]
struct Sent {
    #[sea_orm(nested)]
    message: message::Model,
    kind: ThreadKind,
}

/// Messages of an account that its name is taken off in one transaction.
const SLICE: i64 = 250;

/// What [`disown_some`] looks for.
pub(crate) const OWNED: &str = "SELECT id FROM messages WHERE sender_id = $1 \
                                UNION ALL SELECT id FROM archived_messages WHERE sender_id = $1 LIMIT 1";

/// Takes a deleted account's name off some of the messages that it has sent, and out of what they are found by; whether there were any.
pub(crate) async fn disown_some(app: &App, held: Running, user_id: UserId) -> Result<bool> {
    let (engine, begun) = (app.db.engine(), std::time::Instant::now());
    let work = app.db.write(move |transaction| {
        Box::pin(async move {
            held.hold(transaction).await?;
            for shelf in [IN_USE, ARCHIVE] {
                let sql = format!(
                    "SELECT {}, th.kind FROM {} t JOIN threads th ON th.id = t.thread_id WHERE t.sender_id = $1 LIMIT $2{}",
                    *MESSAGE,
                    shelf.messages,
                    engine.for_update_of("t")
                );
                let mut sent: Vec<Sent> = db::all(transaction, engine, sql, [user_id.into(), SLICE.into()]).await?;
                if sent.is_empty() {
                    continue;
                }
                let sql = format!(
                    "UPDATE {} SET sender_id = NULL, client_key = NULL, send_hash = NULL WHERE id {}",
                    shelf.messages,
                    engine.among(1)
                );
                transaction.execute_raw(engine.sql(sql, [engine.ids(sent.iter().map(|row| row.message.id))])).await?;
                sent.iter_mut().for_each(|row| row.message.sender_id = None);
                let said = sent.iter().filter(|row| row.message.content.is_some());
                keep(engine, transaction, said.map(|row| Entry { message: &row.message, kind: row.kind }).collect())
                    .await?;
                return Ok(true);
            }
            Ok(false)
        })
    });
    let found = work.await?;
    give_way(begun).await;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_that_are_equal_have_one_mark() {
        assert_eq!(Mark::metadata("n", &json!(1)), Mark::metadata("n", &json!(1.0)));
        assert_ne!(Mark::metadata("n", &json!(1)), Mark::metadata("n", &json!("1")));
        assert_ne!(Mark::metadata("n", &json!(1)), Mark::metadata("m", &json!(1)));
        assert_eq!(Mark::metadata("n", &json!([1])), None);
    }

    #[test]
    fn a_term_is_told_from_a_beginning() {
        assert_eq!(Mark::room().term().len(), 17);
        assert!(Mark::room().term().starts_with('-'));
    }
}

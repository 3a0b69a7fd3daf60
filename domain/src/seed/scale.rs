//! Fills the tables to scale, some thousand rows in a transaction.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::Duration;
use entity::id::{MessageId, ThreadId, UserId};
use entity::participant::Role;
use entity::thread::ThreadKind;
use entity::thread_event::EventKind;
use entity::user::UserKind;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};

use super::load::Load;
use super::pile::Pile;
use super::plan::{Plan, REACH, Sketch};
use super::reading::{Reading, Sum};
use super::{Credential, PASSWORD};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::infra::db::Engine;
use crate::search;
use crate::text::search_key;

/// Rows of users, threads, participants or messages between two commits.
const BATCH: u64 = 2_000;
const EMOJIS: [&str; 5] = ["👍", "❤️", "😂", "🎉", "👀"];

/// Makes `scale` × 1,000 users, 500 threads and 200,000 messages: the same ones at every run, but for the dates, which
/// lie within the last three months. Tells from time to time how much is done, of how much. Refuses where it has been
/// done before. Gives what some of the users sign in with; the first one is in the thread that everybody is in.
///
/// If it does not come to its end, what there is has holes: start again with a fresh database.
pub async fn scale(app: &Arc<App>, scale: u32, progress: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<Vec<Credential>> {
    if scale == 0 {
        return Err(Error::refuse(Code::Invalid, "scale", "It must be at least 1."));
    }
    if app.db.one::<Found>("SELECT 1 AS found FROM users WHERE username_key = 'user1'", []).await?.is_some() {
        let message = "There is an account `user1`: the database was filled before. Give it a fresh one.";
        return Err(Error::refuse(Code::Conflict, "scale", message));
    }
    let plan = Plan::new(scale, app.clock.now());
    let sums = Sum::of_all(&plan);
    let total = plan.users + plan.threads + plan.participations() + plan.messages;
    let mut filling = Filling { app, plan, sums, done: 0, total, progress };
    progress(0, total);
    filling.cache(128).await?;
    let filled = async {
        filling.everything().await?;
        search::fill(app).await
    };
    let filled = filled.await;
    filling.cache(2).await?;
    filled?;
    progress(total, total);
    analyze(app).await;
    Ok([1, 2, 3, 102].map(|user| Credential::of(format!("user{user}"))).to_vec())
}

#[derive(FromQueryResult)]
struct Found {
    #[expect(dead_code, reason = "that there is a row is all that matters")]
    found: i32,
}

/// A database while it is filled.
struct Filling<'a> {
    app: &'a Arc<App>,
    plan: Plan,
    sums: Vec<Sum>,
    done: u64,
    total: u64,
    progress: &'a (dyn Fn(u64, u64) + Send + Sync),
}

impl Filling<'_> {
    fn user_id(&self, user: u64) -> UserId {
        self.plan.id(user, self.plan.user_at(user))
    }

    fn thread_id(&self, thread: u64) -> ThreadId {
        self.plan.id(thread, self.plan.thread_at(thread))
    }

    fn message_id(&self, message: u64) -> MessageId {
        self.plan.id(message, self.plan.sent_at(message))
    }

    /// Runs statements in one transaction and tells of `rows` more.
    async fn commit(&mut self, statements: Vec<Statement>, rows: u64) -> Result<()> {
        if !statements.is_empty() {
            let work = self.app.db.write(move |transaction| {
                Box::pin(async move {
                    for statement in statements {
                        transaction.execute_raw(statement).await?;
                    }
                    Ok(())
                })
            });
            work.await?;
        }
        self.done += rows;
        (self.progress)(self.done, self.total);
        Ok(())
    }

    /// How many MiB SQLite's writer keeps in memory. Indexes that are written all over want more than the usual two.
    async fn cache(&mut self, mebibytes: u32) -> Result<()> {
        let engine = self.app.db.engine();
        if engine == Engine::Postgres {
            return Ok(());
        }
        let sql = format!("PRAGMA cache_size = -{}", mebibytes * 1_000);
        self.commit(vec![engine.sql(sql, [])], 0).await
    }

    async fn everything(&mut self) -> Result<()> {
        self.users().await?;
        self.threads().await?;
        self.participants().await?;
        self.messages().await
    }

    async fn users(&mut self) -> Result<()> {
        let engine = self.app.db.engine();
        let password_hash = self.app.hasher.hash(PASSWORD.to_owned()).await?;
        let mut users = Load::new(
            engine,
            "users",
            [
                "id",
                "username",
                "username_key",
                "email",
                "email_key",
                "search_key",
                "password_hash",
                "kind",
                "created_at",
                "updated_at",
            ],
        );
        let mut profiles = Load::new(
            engine,
            "profiles",
            ["user_id", "display_name", "first_name", "last_name", "avatar_url", "created_at", "updated_at"],
        );
        for user in 1..=self.plan.users {
            let (id, at) = (self.user_id(user), self.plan.user_at(user));
            let (username, email) = (format!("user{user}"), format!("user{user}@example.com"));
            let (first, last) = self.plan.name(user);
            let display_name = format!("{first} {last}");
            let key = search_key(&display_name);
            let avatar = format!("https://example.com/avatars/{username}.png");
            users.push([
                id.into(),
                username.clone().into(),
                username.into(),
                email.clone().into(),
                email.into(),
                key.into(),
                password_hash.clone().into(),
                UserKind::Human.into(),
                at.into(),
                at.into(),
            ]);
            profiles.push([
                id.into(),
                display_name.into(),
                first.into(),
                last.into(),
                avatar.into(),
                at.into(),
                at.into(),
            ]);
            if user % BATCH == 0 {
                self.commit([users.rest(), profiles.rest()].concat(), BATCH).await?;
            }
        }
        self.commit([users.rest(), profiles.rest()].concat(), self.plan.users % BATCH).await
    }

    async fn threads(&mut self) -> Result<()> {
        let engine = self.app.db.engine();
        let columns = [
            "id",
            "kind",
            "title",
            "direct_key",
            "created_by",
            "last_message_at",
            "activity_at",
            "last_seq",
            "message_count",
            "participant_count",
            "receipts_until_seq",
            "created_at",
            "updated_at",
        ];
        let mut threads = Load::new(engine, "threads", columns);
        let mut rooms = Load::new(engine, "room_activity", ["thread_id", "activity_at"]);
        for thread in 1..=self.plan.threads {
            let (id, at, kind) = (self.thread_id(thread), self.plan.thread_at(thread), self.plan.kind(thread));
            let sum = &self.sums[thread as usize - 1];
            let (count, last_at) = (sum.count.cast_signed(), sum.last_at(&self.plan));
            let active_at = last_at.unwrap_or(at);
            let title = match kind {
                ThreadKind::Direct => None,
                ThreadKind::Group if thread == 1 => Some("Everyone".to_owned()),
                ThreadKind::Group => Some(format!("Group {thread}")),
                ThreadKind::Room => Some(format!("Room {thread}")),
            };
            let none_shared = (!self.shares_receipts(thread)).then_some(0_i64);
            threads.push([
                id.into(),
                kind.into(),
                title.into(),
                self.direct_key(thread).into(),
                self.user_id(self.plan.member(thread, 0)).into(),
                last_at.into(),
                active_at.into(),
                count.into(),
                count.into(),
                (self.plan.members(thread) as i32).into(),
                none_shared.into(),
                at.into(),
                at.into(),
            ]);
            if kind == ThreadKind::Room {
                rooms.push([id.into(), active_at.into()]);
            }
            if thread % BATCH == 0 {
                self.commit([threads.rest(), rooms.rest()].concat(), BATCH).await?;
            }
        }
        self.commit([threads.rest(), rooms.rest()].concat(), self.plan.threads % BATCH).await
    }

    /// As a thread that is made has it.
    fn shares_receipts(&self, thread: u64) -> bool {
        let most = u64::try_from(self.app.settings.receipts_members).unwrap_or(0);
        self.plan.kind(thread) != ThreadKind::Room && self.plan.members(thread) <= most
    }

    fn direct_key(&self, thread: u64) -> Option<String> {
        if self.plan.kind(thread) != ThreadKind::Direct {
            return None;
        }
        let mut pair = [0, 1].map(|slot| self.user_id(self.plan.member(thread, slot)).to_string());
        pair.sort();
        Some(pair.join(":"))
    }

    async fn participants(&mut self) -> Result<()> {
        let engine = self.app.db.engine();
        let columns = [
            "thread_id",
            "user_id",
            "role",
            "joined_at",
            "joined_seq",
            "last_read_at",
            "last_read_seq",
            "last_read_position",
            "last_delivered_seq",
            "changed_at",
        ];
        let mut participants = Load::new(engine, "thread_participants", columns);
        let mut marks = Load::new(engine, "read_marks", ["thread_id", "user_id", "kind", "up_to_seq", "at"]);
        let mut waiting = 0;
        for thread in 1..=self.plan.threads {
            let (thread_id, joined_at) = (self.thread_id(thread), self.plan.thread_at(thread));
            let shares = self.shares_receipts(thread);
            for slot in 0..self.plan.members(thread) {
                let user_id = self.user_id(self.plan.member(thread, slot));
                let reading = Reading::of(&self.plan, thread, slot, &self.sums[thread as usize - 1]);
                let manages = slot == 0 && self.plan.kind(thread) != ThreadKind::Direct;
                let read = reading.position.cast_signed();
                participants.push([
                    thread_id.into(),
                    user_id.into(),
                    if manages { Role::Admin } else { Role::Member }.into(),
                    joined_at.into(),
                    0_i64.into(),
                    reading.at.into(),
                    read.into(),
                    read.into(),
                    reading.delivered.cast_signed().into(),
                    reading.at.unwrap_or(joined_at).into(),
                ]);
                for (kind, position, at) in reading.marks.into_iter().filter(|_| shares) {
                    let up_to = position.cast_signed();
                    marks.push([thread_id.into(), user_id.into(), kind.into(), up_to.into(), at.into()]);
                }
                waiting += 1;
                if waiting == BATCH {
                    self.commit([participants.whole(), marks.whole()].concat(), BATCH).await?;
                    waiting = 0;
                }
            }
        }
        self.commit([participants.rest(), marks.rest()].concat(), waiting).await
    }

    async fn messages(&mut self) -> Result<()> {
        let mut pile = Pile::new(self.app.db.engine());
        let mut counts = vec![0_i64; self.plan.threads as usize];
        // What replies to a thread's last messages reply to: these, or their own parents, since replies are one level.
        let mut roots = vec![VecDeque::new(); self.plan.threads as usize];
        for message in 1..=self.plan.messages {
            let sketch = self.plan.message(message);
            let index = sketch.thread as usize - 1;
            counts[index] += 1;
            let earlier = &mut roots[index];
            let place = sketch.back.map(|back| earlier.len().saturating_sub(back as usize));
            let parent = place.and_then(|place| earlier.get(place)).copied();
            earlier.push_back(parent.unwrap_or(message));
            if earlier.len() as u64 > REACH {
                earlier.pop_front();
            }
            self.write(&mut pile, message, &sketch, counts[index], parent);
            if message % BATCH == 0 {
                self.commit(pile.take(false), BATCH).await?;
            }
        }
        self.commit(pile.take(true), self.plan.messages % BATCH).await
    }

    /// One message with its line in the log, its reactions and its file.
    fn write(&self, pile: &mut Pile, message: u64, sketch: &Sketch, seq: i64, parent: Option<u64>) {
        let (id, at) = (self.message_id(message), self.plan.sent_at(message));
        let thread_id = self.thread_id(sketch.thread);
        let sender_id = self.user_id(self.plan.member(sketch.thread, sketch.slot));
        pile.messages.push([
            id.into(),
            thread_id.into(),
            sender_id.into(),
            seq.into(),
            seq.into(),
            self.plan.words(message).into(),
            parent.map(|parent| self.message_id(parent)).into(),
            format!("seed-{message}").into(),
            at.into(),
            at.into(),
        ]);
        let kind = EventKind::MessagePosted;
        pile.events.push([thread_id.into(), seq.into(), kind.into(), sender_id.into(), id.into(), at.into()]);
        for nth in 1..=sketch.reactions {
            // Others first; where there are only two, the same two with other emojis.
            let slot = (sketch.slot + nth) % self.plan.members(sketch.thread);
            let user_id = self.user_id(self.plan.member(sketch.thread, slot));
            let emoji = EMOJIS[((message + nth * nth) % 5) as usize];
            let later = (at + Duration::seconds(nth.cast_signed() * 7)).min(self.plan.end);
            pile.reactions.push([id.into(), user_id.into(), emoji.into(), later.into()]);
        }
        if sketch.attachment {
            pile.attach(self.plan.id(message, at), id, message, at);
        }
    }
}

/// Tells PostgreSQL what has come in, so that it needn't find out by itself first. SQLite plans without.
async fn analyze(app: &App) {
    if app.db.engine() == Engine::Sqlite {
        return;
    }
    let work = app.db.write(|transaction| {
        Box::pin(async move {
            transaction.execute_unprepared("SET LOCAL statement_timeout = '60s'").await?;
            transaction.execute_unprepared("ANALYZE").await?;
            Ok(())
        })
    });
    if let Err(error) = work.await {
        tracing::warn!(%error, "what was filled in could not be analyzed; PostgreSQL will do it in a while");
    }
}

//! Reactions: an emoji that somebody puts to a message.

use std::collections::HashMap;
use std::sync::Arc;

use entity::id::{MessageId, ThreadId, UserId};
use entity::message;
use entity::thread_event::EventKind;
use sea_orm::FromQueryResult;

use crate::access::{Author, Reader, Viewer};
use crate::app::App;
use crate::archive::in_both;
use crate::commit::{self, Batch, Change, Denied, Needs};
use crate::error::{Code, Error, Refusal, Result};
use crate::infra::keys::{Column, Key};
use crate::message::{Changed, author_of};

/// Different emojis that one account may put to one message.
const MOST: usize = 20;

/// All reactions to a message with one emoji.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The emoji.
    pub emoji: String,
    /// How many people.
    pub count: i64,
    /// Whether the viewer is among them.
    pub own: bool,
}

/// Puts an emoji to a message; once is enough.
pub async fn add(app: &Arc<App>, viewer: &Viewer, message_id: MessageId, emoji: String) -> Result<Changed> {
    react(app, viewer, message_id, emoji, true).await
}

/// Takes an emoji back; no harm if it isn't there.
pub async fn remove(app: &Arc<App>, viewer: &Viewer, message_id: MessageId, emoji: String) -> Result<Changed> {
    react(app, viewer, message_id, emoji, false).await
}

async fn react(app: &Arc<App>, viewer: &Viewer, id: MessageId, emoji: String, present: bool) -> Result<Changed> {
    let actor = viewer.require()?.user.id;
    if emojis::get(&emoji).is_none() {
        return Err(Error::refuse(Code::Invalid, "emoji", "It must be one emoji, such as 👍."));
    }
    let prove = || author_of(app, viewer, "message_id", id);
    let change = |proof| ReactionChange { proof, actor, id, emoji: emoji.clone(), present };
    let committed = commit::under(app, prove, change).await?;
    let (proof, message, seq) = committed.done;
    Ok(Changed { reader: proof.reader().at(committed.thread), message, seq })
}

struct ReactionChange {
    proof: Author,
    actor: UserId,
    id: MessageId,
    emoji: String,
    present: bool,
}

impl Change for ReactionChange {
    type Done = (Author, message::Model, i64);

    fn needs(&self, needs: &mut Needs) {
        needs.participants.insert(self.actor);
        needs.messages.insert(self.id);
        needs.reactions.insert((self.id, self.actor));
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        batch.holds(&self.proof)?;
        let Some(row) = batch.message(self.id).cloned() else {
            return Err(Refusal::new(Code::NotFound, "message_id", "There is no such message.").into());
        };
        if row.deleted_at.is_some() {
            return Err(Refusal::new(Code::Conflict, "message_id", "The message has been deleted.").into());
        }
        let moved = if self.present {
            let own = batch.reactions_of(self.id, self.actor);
            if own.len() >= MOST && !own.contains(&self.emoji.as_str()) {
                let why = format!("At most {MOST} different emojis from one account.");
                return Err(Refusal::new(Code::TooLong, "emoji", why).into());
            }
            batch.react(self.id, self.actor, &self.emoji)
        } else {
            batch.unreact(self.id, self.actor, &self.emoji)
        };
        if moved {
            batch.append(EventKind::ReactionsChanged, self.actor, Some(self.id), None);
        }
        Ok((self.proof.clone(), row, batch.thread.last_seq))
    }
}

/// Takes all back that a deleted account put to some messages of a thread.
pub(crate) async fn withdraw(
    app: &Arc<App>,
    thread_id: ThreadId,
    user_id: UserId,
    messages: Vec<MessageId>,
) -> Result<()> {
    commit::submit(app, thread_id, Withdrawal { user_id, messages }).await.map(drop)
}

struct Withdrawal {
    user_id: UserId,
    messages: Vec<MessageId>,
}

impl Change for Withdrawal {
    type Done = ();

    fn needs(&self, needs: &mut Needs) {
        needs.messages.extend(self.messages.iter().copied());
        needs.reactions.extend(self.messages.iter().map(|id| (*id, self.user_id)));
    }

    fn apply(&self, batch: &mut Batch) -> Result<Self::Done, Denied> {
        for id in &self.messages {
            let own: Vec<String> = batch.reactions_of(*id, self.user_id).into_iter().map(str::to_owned).collect();
            for emoji in &own {
                batch.unreact(*id, self.user_id, emoji);
            }
            if !own.is_empty() {
                batch.append(EventKind::ReactionsChanged, self.user_id, Some(*id), None);
            }
        }
        Ok(())
    }
}

#[derive(FromQueryResult)]
struct GroupRow {
    message_id: MessageId,
    emoji: String,
    count: i64,
    own: i64,
}

/// The reactions to messages, the emoji that was first put to each first.
pub async fn groups(app: &App, viewer: Option<UserId>, ids: &[MessageId]) -> Result<HashMap<MessageId, Vec<Group>>> {
    let engine = app.db.engine();
    let among = engine.among(1);
    let groups = in_both(|shelf| {
        format!(
            "SELECT message_id, emoji, count(*) AS count, sum(CASE WHEN user_id = $2 THEN 1 ELSE 0 END) AS own, \
             min(created_at) AS since FROM {} WHERE message_id {among} GROUP BY message_id, emoji",
            shelf.reactions
        )
    });
    let sql = format!("{groups} ORDER BY message_id, since, emoji");
    let rows: Vec<GroupRow> = app.db.all(sql, [engine.ids(ids.iter().copied()), viewer.into()]).await?;
    let mut of_message: HashMap<MessageId, Vec<Group>> = HashMap::new();
    for row in rows {
        let group = Group { emoji: row.emoji, count: row.count, own: row.own > 0 };
        of_message.entry(row.message_id).or_default().push(group);
    }
    Ok(of_message)
}

#[derive(FromQueryResult)]
struct Reacted {
    nth: i64,
    user_id: UserId,
}

/// Who put an emoji to a message, the first `limit` of each.
pub async fn users(app: &App, asked: &[(Reader, MessageId, String)], limit: u32) -> Result<Vec<Vec<UserId>>> {
    let engine = app.db.engine();
    let columns = [("nth", Column::Number), ("message_id", Column::Id), ("emoji", Column::Text)];
    let condition = "t.message_id = w.message_id AND t.emoji = w.emoji";
    let reacted = in_both(|shelf| {
        let first = engine.first_of_each(shelf.reactions, condition, "t.created_at, t.user_id", "$2");
        format!("SELECT w.nth, t.user_id, t.created_at FROM {first}")
    });
    let sql = format!("WITH {} {reacted} ORDER BY nth, created_at, user_id", engine.want(&columns, 1));
    let keys = asked
        .iter()
        .enumerate()
        .map(|(nth, (_, message, emoji))| [Key::Number(nth as i64), (*message).into(), Key::Text(emoji.clone())]);
    let rows: Vec<Reacted> = app.db.all(sql, [engine.keys(&columns, keys), i64::from(limit).into()]).await?;
    let mut lists = vec![Vec::new(); asked.len()];
    for row in rows {
        let index = usize::try_from(row.nth).map_err(Error::internal)?;
        lists[index].push(row.user_id);
    }
    Ok(lists)
}

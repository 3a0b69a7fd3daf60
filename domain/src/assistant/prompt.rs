//! What the model is told: what the operator has to say, and the last messages of the thread up to the question.

use std::collections::HashMap;

use entity::id::UserId;
use entity::message;
use entity::thread::ThreadKind;
use sea_orm::FromQueryResult;
use sha2::{Digest, Sha256};

use super::Settings;
use crate::app::App;
use crate::archive::{MESSAGE, first_in_both};
use crate::error::Result;
use crate::infra::model::{Speaker, Turn};

/// Characters of a question that are kept to tell one cached answer from another.
const SUMMARY: usize = 200;

/// All that the model is told.
pub(super) struct Prompt(Vec<Turn>);

#[derive(FromQueryResult)]
struct Author {
    id: UserId,
    username: String,
}

impl Prompt {
    /// Of the messages before a question, and the question: as many as the settings have it, of the last ones. What was deleted is
    /// not told, and in company it is told who says what.
    pub(super) async fn read(
        app: &App,
        settings: &Settings,
        kind: ThreadKind,
        question: &message::Model,
    ) -> Result<Self> {
        let sql = first_in_both(&MESSAGE, "t.thread_id = $1 AND t.seq <= $2", "seq DESC", "$3");
        let values = [question.thread_id.into(), question.seq.into(), settings.context_messages.into()];
        let rows: Vec<message::Model> = app.db.all(sql, values).await?;
        let names = if kind == ThreadKind::Direct { HashMap::new() } else { names(app, &rows).await? };
        let mut left = settings.context_characters;
        let mut turns = Vec::new();
        for row in rows {
            let Some(content) = row.content else { continue };
            let role = if row.sender_id == Some(super::id()) { Speaker::Assistant } else { Speaker::User };
            let name = row.sender_id.and_then(|id| names.get(&id)).filter(|_| role == Speaker::User);
            let mut content = name.map(|name| format!("{name}: {content}")).unwrap_or(content);
            let length = content.chars().count();
            if length > left {
                // The question itself is told as far as it fits, whatever is around it.
                if !turns.is_empty() {
                    break;
                }
                content = content.chars().take(left).collect();
            }
            left = left.saturating_sub(length);
            turns.push(Turn { role, content });
        }
        if !settings.prompt.is_empty() {
            turns.push(Turn { role: Speaker::System, content: settings.prompt.clone() });
        }
        turns.reverse();
        Ok(Self(turns))
    }

    /// What is said, in order.
    pub(super) fn turns(&self) -> &[Turn] {
        &self.0
    }

    /// What tells it from every other one.
    pub(super) fn hash(&self) -> String {
        let written: Vec<_> = self.0.iter().map(|turn| serde_json::json!([turn.role, turn.content])).collect();
        hex::encode(Sha256::digest(serde_json::Value::from(written).to_string().as_bytes()))
    }

    /// The beginning of what is asked.
    pub(super) fn summary(&self) -> String {
        self.0.last().map(|turn| turn.content.chars().take(SUMMARY).collect()).unwrap_or_default()
    }

    /// How many tokens it may be, where the endpoint does not say.
    pub(super) fn estimate(&self) -> i64 {
        self.0.iter().map(|turn| estimate(&turn.content)).sum()
    }
}

/// How many tokens a text may be: about four characters each.
pub(super) fn estimate(text: &str) -> i64 {
    i64::try_from(text.chars().count().div_ceil(4)).unwrap_or(i64::MAX)
}

/// What those are called who have written messages.
async fn names(app: &App, rows: &[message::Model]) -> Result<HashMap<UserId, String>> {
    let engine = app.db.engine();
    let sql = format!("SELECT id, username FROM users WHERE deleted_at IS NULL AND id {}", engine.among(1));
    let found: Vec<Author> = app.db.all(sql, [engine.ids(rows.iter().filter_map(|row| row.sender_id))]).await?;
    Ok(found.into_iter().map(|author| (author.id, author.username)).collect())
}

//! Files that messages carry.

use std::collections::HashMap;

use entity::id::{AttachmentId, MessageId};
use entity::message_attachment;

use crate::access::{Viewer, columns};
use crate::app::App;
use crate::archive::in_both;
use crate::error::Result;
use crate::message;

/// The attachments of messages, in the order in which they were sent.
pub async fn of_messages(app: &App, ids: &[MessageId]) -> Result<HashMap<MessageId, Vec<message_attachment::Model>>> {
    let engine = app.db.engine();
    let sql = format!("{} ORDER BY message_id, id", whose("message_id", &engine.among(1)));
    let rows: Vec<message_attachment::Model> = app.db.all(sql, [engine.ids(ids.iter().copied())]).await?;
    let mut of_message: HashMap<MessageId, Vec<message_attachment::Model>> = HashMap::new();
    for row in rows {
        of_message.entry(row.message_id).or_default().push(row);
    }
    Ok(of_message)
}

/// A statement for attachments of which a column is among some.
fn whose(column: &str, among: &str) -> String {
    let columns = columns::<message_attachment::Entity>("t", "");
    in_both(|shelf| format!("SELECT {columns} FROM {} t WHERE t.{column} {among}", shelf.attachments))
}

/// Attachments by id, of messages that the viewer may read; the others are missing.
pub async fn readable(app: &App, viewer: &Viewer, ids: &[AttachmentId]) -> Result<Vec<message_attachment::Model>> {
    let engine = app.db.engine();
    let sql = whose("id", &engine.among(1));
    let rows: Vec<message_attachment::Model> = app.db.all(sql, [engine.ids(ids.iter().copied())]).await?;
    let messages: Vec<MessageId> = rows.iter().map(|row| row.message_id).collect();
    let seen = message::readable(app, viewer, &messages).await?;
    Ok(rows.into_iter().filter(|row| seen.contains_key(&row.message_id)).collect())
}

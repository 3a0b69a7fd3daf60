//! Files that messages carry.

use std::borrow::Cow;
use std::collections::HashMap;

use entity::id::{AttachmentId, MessageId};
use entity::message_attachment;

use crate::access::{Viewer, columns};
use crate::app::App;
use crate::archive::in_both;
use crate::error::Result;
use crate::message;
use crate::upload::Which;

/// Where an attachment is. That of a file that was put here is good for an hour or two: it is for whoever may read the message.
pub fn url<'a>(app: &App, row: &'a message_attachment::Model) -> Cow<'a, str> {
    match row.upload_id {
        Some(id) => app.files.address(id, Which::File, app.clock.now()).into(),
        None => row.url.as_str().into(),
    }
}

/// The same of the small picture that was made of it, if there is one.
pub fn thumbnail_url(app: &App, row: &message_attachment::Model) -> Option<String> {
    let id = row.upload_id.filter(|_| row.has_thumbnail)?;
    Some(app.files.address(id, Which::Thumbnail, app.clock.now()))
}

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

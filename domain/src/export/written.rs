//! What somebody has done in threads: where they are in, what they wrote, and how they reacted. Of what others wrote there is
//! nothing but the ids of what they answered and reacted to.

use entity::id::{MessageId, ThreadId};
use entity::{Timestamp, message, message_attachment, message_reaction, message_revision};
use sea_orm::Value as Bound;
use serde_json::{Value, json};

use super::section::{LONG, Nested, Part, SHORT, Section, at, id, name, window};
use crate::access::{self, Reader, THREAD_AND_OWN_ROW, Viewer, columns};
use crate::app::App;
use crate::archive::{MESSAGE, Shelf, in_both};
use crate::attachment;
use crate::error::Result;
use crate::event;
use crate::infra::list::List;
use crate::mention;

pub(super) struct Threads;

impl Section for Threads {
    const NAME: &'static str = "threads";
    type Key = ThreadId;

    async fn read(app: &App, viewer: &Viewer, after: Option<ThreadId>) -> Result<Part<Value, ThreadId>> {
        let own = viewer.require()?.user.id;
        let list = List {
            select: &THREAD_AND_OWN_ROW,
            from: "FROM thread_participants p JOIN threads t ON t.id = p.thread_id \
                   WHERE p.user_id = $1 AND p.left_at IS NULL",
            keys: &["p.thread_id"],
            descending: false,
            values: vec![own.into()],
        };
        let page = list.page::<access::Row>(&app.db, &window(after.map(|id| vec![id.into()]), SHORT)).await?;
        let readers = page.map(|row| row.take_part(viewer));
        let next = readers.items.last().filter(|_| readers.has_next).and_then(|last| last.as_ref().map(Reader::id));
        let items = readers.items.iter().flatten().map(|reader| thread(app, reader)).collect();
        Ok(Part { items, next })
    }
}

fn thread(app: &App, reader: &Reader) -> Value {
    let thread = reader.thread();
    let own = reader.own_row().ok().flatten().map(|row| {
        json!({
            "role": name(&row.role),
            "joinedAt": at(row.joined_at),
            "lastReadAt": row.last_read_at.map(at),
            "lastReadCursor": row.last_read_at.map(|_| event::cursor(app, thread.id, row.last_read_seq)),
            "mutedUntil": row.muted_until.map(at),
        })
    });
    json!({
        "id": thread.id.to_string(),
        "kind": name(&thread.kind),
        "title": thread.title,
        "createdAt": at(thread.created_at),
        "archivedAt": thread.archived_at.map(at),
        "viewerState": own,
    })
}

pub(super) struct Messages;

impl Nested for Messages {
    const NAME: &'static str = "messages";
    const INNER: &'static str = "revisions";
    type Key = (Timestamp, MessageId);
    type Place = (MessageId, i32);

    async fn read(
        app: &App,
        viewer: &Viewer,
        after: Option<Self::Key>,
    ) -> Result<Part<(Value, Option<Self::Place>), Self::Key>> {
        let own = viewer.require()?.user.id;
        let list = List {
            select: "*",
            from: &both(&MESSAGE, |shelf| shelf.messages, "sender_id"),
            keys: &["created_at", "id"],
            descending: false,
            values: vec![own.into()],
        };
        let after = after.map(|(at, id)| vec![Bound::from(at), id.into()]);
        let page = list.page::<message::Model>(&app.db, &window(after, LONG)).await?;
        let ids: Vec<MessageId> = page.items.iter().filter(|row| row.deleted_at.is_none()).map(|row| row.id).collect();
        let mut attachments = attachment::of_messages(app, &ids).await?;
        Ok(Part::of(
            page,
            |row| (row.created_at, row.id),
            |row| {
                let revised = row.edited_at.is_some() && row.deleted_at.is_none();
                let first = revised.then_some((row.id, 0));
                (written(app, &row, attachments.remove(&row.id).unwrap_or_default()), first)
            },
        ))
    }

    async fn read_inner(app: &App, _: &Viewer, (id, after): Self::Place) -> Result<Part<Value, Self::Place>> {
        let list = List {
            select: "*",
            from: &both(&columns::<message_revision::Entity>("t", ""), |shelf| shelf.revisions, "message_id"),
            keys: &["version"],
            descending: false,
            values: vec![id.into()],
        };
        let page = list.page::<message_revision::Model>(&app.db, &window(Some(vec![after.into()]), LONG)).await?;
        Ok(Part::of(
            page,
            |row| (id, row.version),
            |row| json!({ "version": row.version, "content": row.content, "createdAt": at(row.created_at) }),
        ))
    }
}

/// A list of rows by one of their columns, of which some lie in the archive.
fn both(columns: &str, table: impl Fn(&Shelf) -> &'static str, by: &str) -> String {
    let rows = in_both(|shelf| format!("SELECT {columns} FROM {} t WHERE t.{by} = $1", table(shelf)));
    format!("FROM ({rows}) AS written WHERE TRUE")
}

/// A message as its sender sees it.
fn written(app: &App, row: &message::Model, attachments: Vec<message_attachment::Model>) -> Value {
    let attachments: Vec<Value> = attachments.iter().map(|row| carried(app, row)).collect();
    json!({
        "id": row.id.to_string(),
        "thread": { "id": row.thread_id.to_string() },
        "parent": row.parent_id.map(|id| json!({ "id": id.to_string() })),
        "content": row.content,
        "attachments": attachments,
        "metadata": row.metadata,
        "clientKey": row.client_key,
        "version": row.version,
        "createdAt": at(row.created_at),
        "editedAt": row.edited_at.map(at),
        "deletedAt": row.deleted_at.map(at),
    })
}

fn carried(app: &App, row: &message_attachment::Model) -> Value {
    json!({
        "id": row.id.to_string(),
        "url": attachment::url(app, row),
        "type": row.media_type,
        "name": row.name,
        "size": row.size,
        "width": row.width,
        "height": row.height,
        "metadata": row.metadata,
        "createdAt": at(row.created_at),
    })
}

pub(super) struct Mentions;

impl Section for Mentions {
    const NAME: &'static str = "mentions";
    type Key = MessageId;

    async fn read(app: &App, viewer: &Viewer, after: Option<MessageId>) -> Result<Part<Value, MessageId>> {
        let page = mention::exported(app, viewer, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| row.message_id,
            |row| {
                let places = mention::places(&row.places).into_iter();
                let places: Vec<_> =
                    places.map(|place| json!({ "offset": place.offset, "length": place.length })).collect();
                json!({ "message": id(row.message_id), "thread": id(row.thread_id), "places": places })
            },
        ))
    }
}

pub(super) struct Reactions;

impl Section for Reactions {
    const NAME: &'static str = "reactions";
    type Key = (MessageId, String);

    async fn read(app: &App, viewer: &Viewer, after: Option<Self::Key>) -> Result<Part<Value, Self::Key>> {
        let own = viewer.require()?.user.id;
        let list = List {
            select: "*",
            from: &both(&columns::<message_reaction::Entity>("t", ""), |shelf| shelf.reactions, "user_id"),
            keys: &["message_id", "emoji"],
            descending: false,
            values: vec![own.into()],
        };
        let after = after.map(|(id, emoji)| vec![Bound::from(id), emoji.into()]);
        let page = list.page::<message_reaction::Model>(&app.db, &window(after, SHORT)).await?;
        Ok(Part::of(
            page,
            |row| (row.message_id, row.emoji.clone()),
            |row| {
                json!({
                    "message": { "id": row.message_id.to_string() },
                    "emoji": row.emoji,
                    "createdAt": at(row.created_at),
                })
            },
        ))
    }
}

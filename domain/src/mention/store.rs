//! Writing whom messages mention, in the place where the messages lie.

use std::collections::BTreeMap;

use entity::id::MessageId;
use entity::message_mention::Model;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use crate::archive::Shelf;
use crate::error::Result;
use crate::infra::db::Engine;
use crate::infra::keys::{Column, Key};

/// Puts the mentions of messages of one place in the place of those that there were.
pub(crate) async fn store(
    engine: Engine,
    on: &DatabaseTransaction,
    shelf: &Shelf,
    of_messages: BTreeMap<MessageId, Vec<Model>>,
) -> Result<()> {
    if of_messages.is_empty() {
        return Ok(());
    }
    let table = shelf.mentions;
    let sql = format!("DELETE FROM {table} WHERE message_id {}", engine.among(1));
    on.execute_raw(engine.sql(sql, [engine.ids(of_messages.keys().copied())])).await?;
    let columns = [
        ("message_id", Column::Id),
        ("user_id", Column::Id),
        ("thread_id", Column::Id),
        ("seq", Column::Number),
        ("places", Column::Text),
    ];
    let sql = format!(
        "WITH {} INSERT INTO {table} (message_id, user_id, thread_id, seq, places) \
         SELECT w.message_id, w.user_id, w.thread_id, w.seq, {} FROM want w",
        engine.want(&columns, 1),
        engine.json("w.places")
    );
    let rows: Vec<[Key; 5]> = of_messages.into_values().flatten().map(row).collect();
    if !rows.is_empty() {
        on.execute_raw(engine.sql(sql, [engine.keys(&columns, rows)])).await?;
    }
    Ok(())
}

fn row(mention: Model) -> [Key; 5] {
    [
        mention.message_id.into(),
        mention.user_id.into(),
        mention.thread_id.into(),
        Key::Number(mention.seq),
        Key::Text(mention.places.to_string()),
    ]
}

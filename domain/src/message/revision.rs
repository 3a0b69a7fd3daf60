//! What messages said before they were edited.

use std::collections::HashMap;

use entity::id::MessageId;
use entity::message_revision;

use crate::access;
use crate::app::App;
use crate::archive::in_both;
use crate::error::Result;
use crate::infra::keys::Column;
use crate::page::Slice;

/// What messages said before they were edited, the earliest or the latest of each; oldest first whichever end it is.
pub async fn revisions(
    app: &App,
    ids: &[MessageId],
    slice: Slice,
) -> Result<HashMap<MessageId, Vec<message_revision::Model>>> {
    let engine = app.db.engine();
    let columns = [("message_id", Column::Id)];
    let order = if slice.backward { "t.version DESC" } else { "t.version" };
    let selected = access::columns::<message_revision::Entity>("t", "");
    let rows = in_both(|shelf| {
        let first = engine.first_of_each(shelf.revisions, "t.message_id = w.message_id", order, "$2");
        format!("SELECT {selected} FROM {first}")
    });
    let sql = format!("WITH {} {rows} ORDER BY message_id, version", engine.want(&columns, 1));
    let keys = ids.iter().map(|id| [(*id).into()]);
    let values = [engine.keys(&columns, keys), i64::from(slice.limit).into()];
    let rows: Vec<message_revision::Model> = app.db.all(sql, values).await?;
    let mut of_message: HashMap<MessageId, Vec<message_revision::Model>> = HashMap::new();
    for row in rows {
        of_message.entry(row.message_id).or_default().push(row);
    }
    Ok(of_message)
}

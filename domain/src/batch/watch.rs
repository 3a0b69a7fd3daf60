//! Watching a batch.

use std::sync::Arc;

use entity::id::BatchId;
use futures_util::Stream;

use super::{Model, find, no_such_batch};
use crate::access::{Administrator, Viewer};
use crate::app::App;
use crate::error::Result;
use crate::infra::bus::Hint;
use crate::watch::states;

/// How a batch stands now, and again whenever that has changed, until it is finished: for administrators, proved again for each look.
/// Who is none, or no longer, is told that there is no such batch.
pub fn watch(app: Arc<App>, viewer: Viewer, id: BatchId) -> impl Stream<Item = Result<Model>> + Send {
    let context = app.clone();
    let look = move || {
        let (app, viewer) = (context.clone(), viewer.clone());
        async move {
            viewer.require()?;
            let batch = match Administrator::prove(&app, &viewer).await? {
                Some(_) => find(&app, id).await?,
                None => None,
            };
            batch.ok_or_else(no_such_batch)
        }
    };
    let hinted = move |hint: &Hint| *hint == Hint::BatchChanged(id);
    states(app, look, hinted, |batch: &Model| batch.finished_at.is_some())
}

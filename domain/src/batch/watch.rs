//! Watching a batch: how it stands, as often as that changes and no more often than somebody can read.

use std::sync::Arc;
use std::time::Duration;

use async_stream::try_stream;
use entity::id::BatchId;
use futures_util::Stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{Model, find, no_such_batch};
use crate::access::{Administrator, Viewer};
use crate::app::App;
use crate::error::Result;
use crate::event::patiently;
use crate::infra::bus::Hint;

/// How long a state stands at the least before the next one is told.
const PACE: Duration = Duration::from_millis(250);
/// How often it is looked at without a hint.
const LOOK: Duration = Duration::from_secs(2);

/// How a batch stands now, and again whenever that has changed, until it is finished: for administrators, proved again for each look.
/// Who is none, or no longer, is told that there is no such batch.
pub fn watch(app: Arc<App>, viewer: Viewer, id: BatchId) -> impl Stream<Item = Result<Model>> + Send {
    let context = app.clone();
    let look = move || {
        let (app, viewer) = (context.clone(), viewer.clone());
        async move {
            viewer.require()?;
            match Administrator::prove(&app, &viewer).await? {
                Some(_) => find(&app, id).await,
                None => Ok(None),
            }
        }
    };
    states(app, id, look)
}

/// The same for whoever `look` lets look.
pub fn states<F>(
    app: Arc<App>,
    id: BatchId,
    look: impl Fn() -> F + Send + Sync,
) -> impl Stream<Item = Result<Model>> + Send
where
    F: Future<Output = Result<Option<Model>>> + Send,
{
    try_stream! {
        let mut hints = app.bus.listen();
        let mut told = None;
        loop {
            let batch = Box::pin(patiently(&app, &look)).await?.ok_or_else(no_such_batch)?;
            let is_finished = batch.finished_at.is_some();
            if told.as_ref() != Some(&batch) {
                told = Some(batch.clone());
                yield batch;
            }
            if is_finished {
                return;
            }
            tokio::time::sleep(PACE).await;
            // Without a hint, too, and if hints were lost.
            let _ = tokio::time::timeout(LOOK, changed(&mut hints, id)).await;
        }
    }
}

/// Returns when it is hinted at that a batch has come further, or may have.
async fn changed(hints: &mut broadcast::Receiver<Hint>, id: BatchId) {
    loop {
        match hints.recv().await {
            Ok(Hint::BatchChanged(changed)) if changed == id => return,
            Ok(Hint::Missed) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

//! Watching a batch.

use std::sync::Arc;

use async_stream::try_stream;
use entity::id::BatchId;
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;

use super::{Model, find, no_such_batch};
use crate::access::{Administrator, Viewer};
use crate::app::App;
use crate::error::{Error, Result};
use crate::event::patiently;
use crate::watch::{LOOK, State, Watched, Watching, states};

impl State for Model {
    type Key = BatchId;

    fn watched(watching: &Watching) -> &Watched<Self> {
        &watching.batches
    }

    async fn look(app: &App, key: BatchId) -> Result<Option<Self>> {
        find(app, key).await
    }

    fn is_last(&self) -> bool {
        self.finished_at.is_some()
    }

    fn missing() -> Error {
        no_such_batch()
    }
}

/// How a batch stands now, and again whenever that has changed, until it is finished: for administrators, proved again for each state, and now and then.
/// Who is none, or no longer, is told that there is no such batch.
pub fn watch(app: Arc<App>, viewer: Viewer, id: BatchId) -> impl Stream<Item = Result<Model>> + Send {
    try_stream! {
        viewer.require()?;
        let prove = async || {
            let proof = Box::pin(patiently(&app, || Administrator::prove(&app, &viewer))).await?;
            proof.map(drop).ok_or_else(no_such_batch)
        };
        prove().await?;
        let mut states = std::pin::pin!(states::<Model>(app.clone(), id));
        loop {
            let state = timeout(LOOK, states.next()).await;
            prove().await?;
            match state {
                Ok(Some(state)) => yield state?,
                Ok(None) => return,
                // Who is no administrator any more is told so though nothing happens.
                Err(_) => {}
            }
        }
    }
}

//! Watching how something stands: as often as that changes, and no more often than somebody can read. For what has a state and no
//! log: whoever comes back sees how it stands now.

use std::sync::Arc;
use std::time::Duration;

use async_stream::try_stream;
use futures_util::Stream;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::app::App;
use crate::error::Result;
use crate::event::patiently;
use crate::infra::bus::Hint;

/// How long a state stands at the least before the next one is told.
const PACE: Duration = Duration::from_millis(250);
/// How often it is looked at without a hint.
const LOOK: Duration = Duration::from_secs(2);

/// How something stands now, and again whenever that has changed, until `ended` says that it will not change any more. `look` is
/// asked each time, and proves each time that it may be told; `hinted` knows the hints that are worth a look.
pub(crate) fn states<T, F>(
    app: Arc<App>,
    look: impl Fn() -> F + Send + Sync,
    hinted: impl Fn(&Hint) -> bool + Send + Sync,
    ended: impl Fn(&T) -> bool + Send + Sync,
) -> impl Stream<Item = Result<T>> + Send
where
    T: Clone + PartialEq + Send + Sync,
    F: Future<Output = Result<T>> + Send,
{
    try_stream! {
        let mut hints = app.bus.listen();
        let mut told = None;
        loop {
            let state = Box::pin(patiently(&app, &look)).await?;
            let is_last = ended(&state);
            if told.as_ref() != Some(&state) {
                told = Some(state.clone());
                yield state;
            }
            if is_last {
                return;
            }
            tokio::time::sleep(PACE).await;
            // Without a hint, too, and if hints were lost.
            let _ = tokio::time::timeout(LOOK, worth_a_look(&mut hints, &hinted)).await;
        }
    }
}

/// Returns when it is hinted at that something has changed, or may have.
async fn worth_a_look(hints: &mut broadcast::Receiver<Hint>, hinted: impl Fn(&Hint) -> bool) {
    loop {
        match hints.recv().await {
            Ok(Hint::Missed) | Err(RecvError::Lagged(_)) => return,
            Ok(hint) if hinted(&hint) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

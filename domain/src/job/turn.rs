//! Jobs that may take hours give way to whatever waits behind them in their queue.

use std::sync::Arc;

use entity::Timestamp;

use super::{Running, Task, add_once};
use crate::app::App;
use crate::error::Result;

/// How long such a job goes on before it stands at the end of its queue again.
const LENGTH: chrono::Duration = chrono::Duration::minutes(1);

/// For how long a job goes on, by this node's clock.
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    ends_at: Timestamp,
}

impl Turn {
    pub(crate) fn begin(app: &App) -> Self {
        Self { ends_at: app.clock.now() + LENGTH }
    }

    /// Whether it is time for [`Running::end_turn`], wherever the job is: what it has done by then, it has to find done.
    pub(crate) fn is_over(self, app: &App) -> bool {
        self.ends_at <= app.clock.now()
    }
}

impl Running {
    /// Ends the job, and has it begun once more when it is its turn.
    pub(crate) async fn end_turn(self, app: &Arc<App>, task: Task) -> Result<()> {
        let context = app.clone();
        let work = app.db.write(move |transaction| {
            Box::pin(async move {
                self.complete(&context, transaction).await?;
                add_once(&context, transaction, self.id(), &task).await
            })
        });
        work.await
    }
}

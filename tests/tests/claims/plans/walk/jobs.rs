//! What administrators see and do of jobs.

use serde_json::json;
use tests::eventually;

use super::Walk;

impl Walk<'_> {
    /// What administrators see and do of jobs.
    pub(super) async fn jobs(&mut self) {
        let grant = self.server.command(&["user", "grant-admin", &self.reader.username]).output().unwrap();
        assert!(grant.status.success());
        let begun = self.server.begin_batch(&[-1, -2, -3], None).await;
        self.reader.finished_batch(&begun).await;
        let queues = "{ viewer { administration { jobQueues { waiting running failed } } } }";
        self.ask("queues of jobs", queues, json!({})).await;
        let failed = "query($queue: JobQueueName, $after: Cursor) { viewer { administration { \
            failedJobs(first: 2, queue: $queue, after: $after) { edges { cursor node { id } } } } } }";
        self.ask("failed jobs", failed, json!({})).await;
        let some = self.reader.graphql(failed, json!({ "queue": "MAIL" })).await;
        let after = some.ok("/viewer/administration/failedJobs/edges/1/cursor");
        self.ask("the next page of failed jobs", failed, json!({ "queue": "MAIL", "after": after })).await;
        let batches = "{ viewer { administration { jobBatches(first: 2) { nodes { id total } } } } }";
        self.ask("batches of jobs", batches, json!({})).await;
        self.server.record_statements().await;
        self.reader.batch(&begun).await;
        self.reader.retry_job(&some.text("/viewer/administration/failedJobs/edges/0/node/id")).await.data();
        self.reader.finished_batch(&begun).await;
        self.reader.forget_job(&some.text("/viewer/administration/failedJobs/edges/1/node/id")).await.data();
        self.reader.retry_all_jobs(Some("MAIL")).await.ok("/failedJobRetryAll/retriedCount");
        self.reader.cancel_batch(&begun).await.ok("/jobBatchCancel/batch");
        self.reader.finished_batch(&begun).await;
        self.keep("a batch of jobs").await;
        self.server.record_statements().await;
        self.server.look_for_recurring_work().await;
        let removed = [("kind", "remove_expired"), ("outcome", "done")];
        let done = async || (self.server.metrics().await.sum("linnet_jobs_total", &removed) > 0.0).then_some(());
        eventually("what has expired to be removed", done).await;
        self.keep("recurring work").await;
    }
}

//! Messages that go to the archive, and that are deleted since they are old.

use std::time::Duration;

use serde_json::json;
use tests::{Client, eventually};

use super::Walk;

impl Walk<'_> {
    /// Messages that go to the archive, and others that are too old to be kept.
    pub(super) async fn archive(&mut self) {
        // The reader's session has ended with a password.
        let (server, reader) = (self.server, Client::anonymous(self.server).sign_up("archivist").await);
        for number in 0..2 {
            let made = reader.try_create_group(&[]).await;
            let group = made.text("/threadCreate/thread/id");
            let sent = reader.send_many(&group, 3).await;
            reader.react(&sent[0], "👍").await;
            if number == 0 {
                reader.archive(&group).await;
            } else {
                let input = json!({ "id": group, "retentionDays": 1 });
                reader.mutate("threadUpdate", input, "thread { id }").await.ok("/threadUpdate/thread");
            }
        }
        let done = async || {
            let metrics = server.metrics().await;
            let of = |kind| metrics.sum("linnet_jobs_total", &[("kind", kind), ("outcome", "done")]);
            [of("move_messages"), of("delete_old_messages")]
        };
        let before = done().await;
        server.advance_clock(Duration::from_secs(2 * 24 * 3600)).await;
        server.record_statements().await;
        server.look_for_recurring_work().await;
        let both = async || {
            let now = done().await;
            (now[0] > before[0] && now[1] > before[1]).then_some(())
        };
        eventually("messages to be moved, and deleted", both).await;
        self.keep("moving messages").await;
        let moved = &self.steps["moving messages"];
        for begin in ["INSERT INTO archived_messages", "DELETE FROM messages ", "UPDATE messages SET content"] {
            assert!(moved.iter().any(|statement| statement.sql.starts_with(begin)), "{begin}");
        }
    }
}

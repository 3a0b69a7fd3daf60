DROP INDEX minting_queue_items_pending;

CREATE INDEX minting_queue_items_queued ON minting_queue_items (user_id) WHERE status = 'queued';

DROP INDEX minting_queue_items_queued;

CREATE INDEX minting_queue_items_pending ON minting_queue_items (user_id) WHERE status IN ('queued', 'submitted');

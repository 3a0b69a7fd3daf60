DROP TABLE cache_locks;

DROP TABLE cache;

DROP TABLE job_batches;

DROP INDEX failed_jobs_queue;

DROP INDEX jobs_running;

ALTER TABLE jobs DROP COLUMN lease_id;

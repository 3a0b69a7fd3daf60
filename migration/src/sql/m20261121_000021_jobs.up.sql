ALTER TABLE jobs ADD COLUMN lease_id {uuid};

CREATE INDEX jobs_running ON jobs (queue) WHERE reserved_at IS NOT NULL;

CREATE INDEX failed_jobs_queue ON failed_jobs (queue, id);

CREATE TABLE job_batches (
    id {uuid} PRIMARY KEY,
    name text NOT NULL,
    total_jobs integer NOT NULL,
    pending_jobs integer NOT NULL,
    failed_jobs integer NOT NULL,
    failed_job_ids {json} NOT NULL,
    options {json} NOT NULL,
    cancelled_at {time},
    created_at {time} NOT NULL,
    finished_at {time}
);

CREATE INDEX job_batches_age ON job_batches (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE cache (
    key {key} PRIMARY KEY,
    value text NOT NULL,
    expiration {time} NOT NULL
);

CREATE INDEX cache_expiry ON cache (expiration);

CREATE TABLE cache_locks (
    key {key} PRIMARY KEY,
    owner {uuid} NOT NULL,
    expiration {time} NOT NULL
);

CREATE INDEX cache_locks_expiry ON cache_locks (expiration);

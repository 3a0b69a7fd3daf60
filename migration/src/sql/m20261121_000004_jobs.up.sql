CREATE TABLE jobs (
    id {uuid} PRIMARY KEY,
    queue text NOT NULL,
    kind text NOT NULL,
    payload {json} NOT NULL,
    attempts integer NOT NULL,
    reserved_at {time},
    available_at {time} NOT NULL,
    batch_id {uuid},
    created_at {time} NOT NULL
);

CREATE INDEX jobs_due ON jobs (queue, available_at, id);

CREATE TABLE failed_jobs (
    id {uuid} PRIMARY KEY,
    uuid {uuid} NOT NULL UNIQUE,
    connection text NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    payload {json} NOT NULL,
    attempts integer NOT NULL,
    exception text NOT NULL,
    batch_id {uuid},
    created_at {time} NOT NULL,
    failed_at {time} NOT NULL
);

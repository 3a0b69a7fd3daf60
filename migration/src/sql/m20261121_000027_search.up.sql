-- sqlite
CREATE TABLE message_search (
    n integer PRIMARY KEY,
    message_id blob NOT NULL UNIQUE
);

-- sqlite
CREATE VIRTUAL TABLE message_search_terms USING fts5 (
    terms,
    content = '',
    contentless_delete = 1,
    tokenize = "ascii tokenchars '_-'"
);

-- postgres
CREATE TABLE message_search (
    n bigint PRIMARY KEY,
    message_id uuid NOT NULL UNIQUE,
    marks bigint[] NOT NULL,
    terms tsvector NOT NULL
);

-- postgres
CREATE SEQUENCE message_search_slots MAXVALUE 2097151 CYCLE OWNED BY message_search.n;

-- postgres
CREATE INDEX message_search_found ON message_search USING gin (marks, terms) WITH (gin_pending_list_limit = 128);

CREATE TABLE search_backlog (
    thread_id {uuid} PRIMARY KEY,
    seq bigint NOT NULL
);

-- postgres
INSERT INTO search_backlog (thread_id, seq)
SELECT '00000000-0000-0000-0000-000000000000', 0 WHERE EXISTS (SELECT 1 FROM threads WHERE message_count > 0);

-- sqlite
INSERT INTO search_backlog (thread_id, seq)
SELECT x'00000000000000000000000000000000', 0 WHERE EXISTS (SELECT 1 FROM threads WHERE message_count > 0);

-- postgres
INSERT INTO jobs (id, queue, kind, payload, attempts, available_at, created_at)
SELECT '00000000-0000-7000-8000-00000000001b', 'slow', 'index_messages', '{}', 0, {now}, {now}
FROM search_backlog;

-- sqlite
INSERT INTO jobs (id, queue, kind, payload, attempts, available_at, created_at)
SELECT x'0000000000007000800000000000001b', 'slow', 'index_messages', '{}', 0, {now}, {now}
FROM search_backlog;

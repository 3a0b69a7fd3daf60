ALTER TABLE threads ADD COLUMN expired_position bigint NOT NULL DEFAULT 0;

UPDATE threads SET expired_position = COALESCE(
    (SELECT m.position FROM messages m WHERE m.thread_id = threads.id AND m.seq = threads.expired_seq),
    (SELECT a.position FROM archived_messages a WHERE a.thread_id = threads.id AND a.seq = threads.expired_seq),
    0
) WHERE expired_seq > 0;

CREATE TABLE assistant_attempts (
    id {uuid} PRIMARY KEY,
    thread_id {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    begun_at {time} NOT NULL
);

CREATE INDEX assistant_attempts_thread ON assistant_attempts (thread_id, begun_at);

CREATE INDEX assistant_attempts_begun_at ON assistant_attempts (begun_at);

INSERT INTO assistant_attempts (id, thread_id, begun_at)
    SELECT question_id, thread_id, begun_at FROM assistant_answers WHERE begun_at IS NOT NULL;

INSERT INTO messages (id, thread_id, sender_id, seq, position, content, parent_id, metadata, client_key, send_hash,
    version, created_at, edited_at, deleted_at, updated_at)
SELECT id, thread_id, sender_id, seq, position, content, parent_id, metadata, client_key, send_hash,
    version, created_at, edited_at, deleted_at, updated_at FROM archived_messages;

INSERT INTO message_revisions (message_id, version, content, created_at)
SELECT message_id, version, content, created_at FROM archived_revisions;

INSERT INTO message_attachments (id, message_id, url, type, name, size, metadata, created_at)
SELECT id, message_id, url, type, name, size, metadata, created_at FROM archived_attachments;

INSERT INTO message_reactions (message_id, user_id, emoji, created_at)
SELECT message_id, user_id, emoji, created_at FROM archived_reactions;

DROP TABLE archived_reactions;

DROP TABLE archived_attachments;

DROP TABLE archived_revisions;

DROP TABLE archived_messages;

DROP TABLE archived_threads;

-- postgres
ALTER TABLE messages ADD CONSTRAINT messages_parent_id_fkey
    FOREIGN KEY (parent_id) REFERENCES messages (id) ON DELETE SET NULL;

-- sqlite
DROP INDEX messages_parent;

-- sqlite
ALTER TABLE messages RENAME COLUMN parent_id TO plain_parent_id;

-- sqlite
ALTER TABLE messages ADD COLUMN parent_id blob REFERENCES messages (id) ON DELETE SET NULL;

-- sqlite
UPDATE messages SET parent_id = plain_parent_id WHERE plain_parent_id IS NOT NULL;

-- sqlite
ALTER TABLE messages DROP COLUMN plain_parent_id;

-- sqlite
CREATE INDEX messages_parent ON messages (parent_id, seq) WHERE parent_id IS NOT NULL;

DROP INDEX threads_retention;

DROP INDEX threads_coming_back;

DROP INDEX threads_move_look;

ALTER TABLE threads DROP COLUMN expired_seq;

ALTER TABLE threads DROP COLUMN retention_days;

ALTER TABLE threads DROP COLUMN coming_back;

ALTER TABLE threads DROP COLUMN move_look_at;

ALTER TABLE threads DROP COLUMN moved_seq;

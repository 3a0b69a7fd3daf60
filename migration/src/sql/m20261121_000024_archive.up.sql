ALTER TABLE threads ADD COLUMN moved_seq bigint NOT NULL DEFAULT 0;

ALTER TABLE threads ADD COLUMN move_look_at {time} DEFAULT '1970-01-01T00:00:00+00:00';

ALTER TABLE threads ADD COLUMN coming_back boolean NOT NULL DEFAULT false;

ALTER TABLE threads ADD COLUMN retention_days integer CHECK (retention_days > 0);

ALTER TABLE threads ADD COLUMN expired_seq bigint NOT NULL DEFAULT 0;

CREATE INDEX threads_move_look ON threads (move_look_at, id) WHERE move_look_at IS NOT NULL;

CREATE INDEX threads_coming_back ON threads (id) WHERE coming_back;

CREATE INDEX threads_retention ON threads (id) WHERE retention_days IS NOT NULL;

-- postgres
ALTER TABLE messages DROP CONSTRAINT messages_parent_id_fkey;

-- sqlite
DROP INDEX messages_parent;

-- sqlite
ALTER TABLE messages RENAME COLUMN parent_id TO referring_parent_id;

-- sqlite
ALTER TABLE messages ADD COLUMN parent_id blob;

-- sqlite
UPDATE messages SET parent_id = referring_parent_id WHERE referring_parent_id IS NOT NULL;

-- sqlite
ALTER TABLE messages DROP COLUMN referring_parent_id;

-- sqlite
CREATE INDEX messages_parent ON messages (parent_id, seq) WHERE parent_id IS NOT NULL;

CREATE TABLE archived_threads (
    thread_id {uuid} PRIMARY KEY REFERENCES threads (id) ON DELETE CASCADE,
    message_count bigint NOT NULL,
    moved_at {time} NOT NULL
);

CREATE TABLE archived_messages (
    id {uuid} PRIMARY KEY,
    thread_id {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    sender_id {uuid} REFERENCES users (id) ON DELETE SET NULL,
    seq bigint NOT NULL,
    position bigint NOT NULL,
    content text,
    parent_id {uuid},
    metadata {json},
    client_key text,
    send_hash {bytes},
    version integer NOT NULL,
    created_at {time} NOT NULL,
    edited_at {time},
    deleted_at {time},
    updated_at {time} NOT NULL,
    CONSTRAINT archived_messages_seq UNIQUE (thread_id, seq)
);

CREATE INDEX archived_messages_parent ON archived_messages (parent_id, seq) WHERE parent_id IS NOT NULL;

CREATE UNIQUE INDEX archived_messages_client_key ON archived_messages (thread_id, sender_id, client_key)
    WHERE client_key IS NOT NULL;

CREATE INDEX archived_messages_deleted ON archived_messages (thread_id, position) WHERE deleted_at IS NOT NULL;

CREATE INDEX archived_messages_sender ON archived_messages (sender_id, created_at DESC);

CREATE TABLE archived_revisions (
    message_id {uuid} NOT NULL REFERENCES archived_messages (id) ON DELETE CASCADE,
    version integer NOT NULL,
    content text NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (message_id, version)
);

CREATE TABLE archived_attachments (
    id {uuid} PRIMARY KEY,
    message_id {uuid} NOT NULL REFERENCES archived_messages (id) ON DELETE CASCADE,
    url text NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    size integer NOT NULL,
    metadata {json},
    created_at {time} NOT NULL
);

CREATE INDEX archived_attachments_message ON archived_attachments (message_id, id);

CREATE TABLE archived_reactions (
    message_id {uuid} NOT NULL REFERENCES archived_messages (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    emoji text NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (message_id, user_id, emoji)
);

CREATE INDEX archived_reactions_user ON archived_reactions (user_id, message_id, emoji);

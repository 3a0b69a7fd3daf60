CREATE TABLE threads (
    id {uuid} PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('direct', 'group', 'room')),
    title text,
    direct_key text UNIQUE,
    created_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    archived_at {time},
    last_message_at {time},
    activity_at {time} NOT NULL,
    last_seq bigint NOT NULL DEFAULT 0,
    trimmed_seq bigint NOT NULL DEFAULT 0,
    membership_seq bigint NOT NULL DEFAULT 0,
    message_count bigint NOT NULL DEFAULT 0,
    participant_count integer NOT NULL DEFAULT 0,
    receipts_until_seq bigint,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    CHECK ((kind = 'direct') = (direct_key IS NOT NULL))
);

CREATE INDEX threads_created_by ON threads (created_by) WHERE created_by IS NOT NULL;

CREATE TABLE room_activity (
    thread_id {uuid} PRIMARY KEY REFERENCES threads (id) ON DELETE CASCADE,
    activity_at {time} NOT NULL
);

CREATE INDEX room_activity_at ON room_activity (activity_at, thread_id);

CREATE TABLE thread_participants (
    thread_id {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('admin', 'member', 'ai')),
    joined_at {time} NOT NULL,
    joined_seq bigint NOT NULL,
    left_at {time},
    last_read_at {time},
    last_read_seq bigint NOT NULL DEFAULT 0,
    last_read_position bigint NOT NULL DEFAULT 0,
    last_delivered_seq bigint NOT NULL DEFAULT 0,
    muted_until {time},
    changed_at {time} NOT NULL,
    PRIMARY KEY (thread_id, user_id)
);

CREATE INDEX thread_participants_user ON thread_participants (user_id) WHERE left_at IS NULL;

CREATE INDEX thread_participants_gone ON thread_participants (user_id, changed_at) WHERE left_at IS NOT NULL;

CREATE INDEX thread_participants_list ON thread_participants (thread_id, role, joined_seq, user_id) WHERE left_at IS NULL;

CREATE TABLE room_bans (
    thread_id {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    by_user_id {uuid} REFERENCES users (id) ON DELETE SET NULL,
    reason text,
    at {time} NOT NULL,
    until {time},
    PRIMARY KEY (thread_id, user_id)
);

CREATE INDEX room_bans_user ON room_bans (user_id);

CREATE INDEX room_bans_by ON room_bans (by_user_id) WHERE by_user_id IS NOT NULL;

CREATE TABLE messages (
    id {uuid} PRIMARY KEY,
    thread_id {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    sender_id {uuid} REFERENCES users (id) ON DELETE SET NULL,
    seq bigint NOT NULL,
    position bigint NOT NULL,
    content text,
    parent_id {uuid} REFERENCES messages (id) ON DELETE SET NULL,
    metadata {json},
    client_key text,
    send_hash {bytes},
    version integer NOT NULL DEFAULT 1,
    created_at {time} NOT NULL,
    edited_at {time},
    deleted_at {time},
    updated_at {time} NOT NULL,
    CONSTRAINT messages_seq UNIQUE (thread_id, seq)
);

CREATE INDEX messages_parent ON messages (parent_id, seq) WHERE parent_id IS NOT NULL;

CREATE UNIQUE INDEX messages_client_key ON messages (thread_id, sender_id, client_key) WHERE client_key IS NOT NULL;

CREATE INDEX messages_deleted ON messages (thread_id, position) WHERE deleted_at IS NOT NULL;

CREATE INDEX messages_sender ON messages (sender_id, created_at DESC);

-- postgres
CREATE INDEX messages_metadata ON messages USING gin (metadata) WHERE metadata IS NOT NULL;

CREATE TABLE message_revisions (
    message_id {uuid} NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    version integer NOT NULL,
    content text NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (message_id, version)
);

CREATE TABLE message_attachments (
    id {uuid} PRIMARY KEY,
    message_id {uuid} NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    url text NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    size integer NOT NULL,
    metadata {json},
    created_at {time} NOT NULL
);

CREATE INDEX message_attachments_message ON message_attachments (message_id, id);

CREATE TABLE message_reactions (
    message_id {uuid} NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    emoji text NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (message_id, user_id, emoji)
);

CREATE INDEX message_reactions_user ON message_reactions (user_id);

CREATE TABLE read_marks (
    thread_id {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind smallint NOT NULL,
    up_to_seq bigint NOT NULL,
    at {time} NOT NULL,
    PRIMARY KEY (thread_id, user_id, kind, up_to_seq)
);

CREATE INDEX read_marks_user ON read_marks (user_id);

CREATE TABLE thread_events (
    thread_id {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    seq bigint NOT NULL,
    kind smallint NOT NULL,
    actor_id {uuid},
    message_id {uuid},
    data {json},
    created_at {time} NOT NULL,
    PRIMARY KEY (thread_id, seq)
);

UPDATE instance SET schema_version = 2;

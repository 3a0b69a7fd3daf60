CREATE TABLE message_mentions (
    message_id {uuid} NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    thread_id {uuid} NOT NULL,
    seq bigint NOT NULL,
    places {json} NOT NULL,
    PRIMARY KEY (message_id, user_id)
);

CREATE UNIQUE INDEX message_mentions_user ON message_mentions (user_id, message_id);

CREATE INDEX message_mentions_unread ON message_mentions (user_id, thread_id, seq);

CREATE TABLE archived_mentions (
    message_id {uuid} NOT NULL REFERENCES archived_messages (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    thread_id {uuid} NOT NULL,
    seq bigint NOT NULL,
    places {json} NOT NULL,
    PRIMARY KEY (message_id, user_id)
);

CREATE UNIQUE INDEX archived_mentions_user ON archived_mentions (user_id, message_id);

CREATE INDEX archived_mentions_unread ON archived_mentions (user_id, thread_id, seq);

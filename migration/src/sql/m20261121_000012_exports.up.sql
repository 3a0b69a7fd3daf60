CREATE TABLE export_tokens (
    user_id {uuid} PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    session_id {uuid} NOT NULL REFERENCES user_sessions (id) ON DELETE CASCADE,
    token_hash {bytes} NOT NULL UNIQUE,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL
);

CREATE INDEX export_tokens_session ON export_tokens (session_id);

CREATE INDEX export_tokens_expiry ON export_tokens (expires_at);

DROP INDEX thread_participants_user;

CREATE INDEX thread_participants_user ON thread_participants (user_id, thread_id) WHERE left_at IS NULL;

DROP INDEX message_reactions_user;

CREATE INDEX message_reactions_user ON message_reactions (user_id, message_id, emoji);

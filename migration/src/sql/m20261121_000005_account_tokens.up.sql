CREATE TABLE email_verification_tokens (
    user_id {uuid} PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email text NOT NULL,
    token_hash {bytes} UNIQUE,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL
);

CREATE TABLE password_reset_tokens (
    email {key} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash {bytes} NOT NULL UNIQUE,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL
);

CREATE INDEX password_reset_tokens_user ON password_reset_tokens (user_id);

CREATE TABLE blocks (
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    blocked_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at {time} NOT NULL,
    PRIMARY KEY (user_id, blocked_id),
    CHECK (user_id <> blocked_id)
);

CREATE INDEX blocks_blocked ON blocks (blocked_id, user_id);

CREATE INDEX blocks_list ON blocks (user_id, created_at, blocked_id);

ALTER TABLE threads ADD COLUMN blocked boolean NOT NULL DEFAULT false;

CREATE INDEX users_listed ON users (username_key) WHERE deleted_at IS NULL AND suspended_at IS NULL AND is_active;

CREATE INDEX users_named ON users (search_key, username_key)
    WHERE deleted_at IS NULL AND suspended_at IS NULL AND is_active AND search_key <> username_key;

DROP INDEX users_search;

CREATE TABLE diaries (
    id {uuid} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title text NOT NULL,
    content text NOT NULL,
    mood text,
    entry_date {date} NOT NULL,
    search_text text NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
);

CREATE INDEX diaries_user ON diaries (user_id, entry_date, id);

CREATE TABLE instance (
    id smallint PRIMARY KEY CHECK (id = 1),
    log_epoch bigint NOT NULL,
    schema_version integer NOT NULL,
    created_at {time} NOT NULL
);

INSERT INTO instance (id, log_epoch, schema_version, created_at) VALUES (1, {random}, 1, {now});

CREATE TABLE users (
    id {uuid} PRIMARY KEY,
    username text NOT NULL,
    username_key {key} NOT NULL UNIQUE,
    email text,
    email_key {key} UNIQUE,
    search_key {key} NOT NULL,
    email_verified_at {time},
    password_hash text,
    kind text NOT NULL CHECK (kind IN ('human', 'guest', 'assistant')),
    is_admin boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    suspended_at {time},
    deleted_at {time},
    last_login_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
);

CREATE INDEX users_search ON users (search_key, username_key);

CREATE INDEX users_created ON users (created_at);

CREATE TABLE profiles (
    user_id {uuid} PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    display_name text NOT NULL,
    first_name text,
    last_name text,
    avatar_url text,
    bio text,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
);

CREATE TABLE user_devices (
    id {uuid} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text NOT NULL,
    platform text,
    push_token text,
    last_seen_at {time} NOT NULL,
    created_at {time} NOT NULL
);

CREATE INDEX user_devices_user ON user_devices (user_id);

CREATE TABLE wallets (
    id {uuid} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address text NOT NULL,
    chain_id bigint NOT NULL,
    label text,
    is_primary boolean NOT NULL DEFAULT false,
    verified_at {time},
    created_at {time} NOT NULL
);

CREATE UNIQUE INDEX wallets_address ON wallets (lower(address), chain_id);

CREATE INDEX wallets_user ON wallets (user_id);

CREATE TABLE user_sessions (
    id {uuid} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    wallet_id {uuid} REFERENCES wallets (id) ON DELETE SET NULL,
    device_id {uuid} REFERENCES user_devices (id) ON DELETE SET NULL,
    ip_address text,
    user_agent text,
    payload {json},
    last_activity_at {time} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    revoked_at {time}
);

CREATE INDEX user_sessions_user ON user_sessions (user_id);

CREATE INDEX user_sessions_wallet ON user_sessions (wallet_id) WHERE wallet_id IS NOT NULL;

CREATE INDEX user_sessions_device ON user_sessions (device_id) WHERE device_id IS NOT NULL;

CREATE INDEX user_sessions_activity ON user_sessions (last_activity_at);

CREATE INDEX user_sessions_revoked ON user_sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE refresh_tokens (
    id {uuid} PRIMARY KEY,
    session_id {uuid} NOT NULL REFERENCES user_sessions (id) ON DELETE CASCADE,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash {bytes} NOT NULL UNIQUE,
    access_hash {bytes} NOT NULL UNIQUE,
    access_expires_at {time} NOT NULL,
    family_id {uuid} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    used_at {time},
    revoked_at {time}
);

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);

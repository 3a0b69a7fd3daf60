-- postgres
ALTER TABLE user_devices ADD COLUMN key_hash {bytes} NOT NULL DEFAULT '';

-- sqlite
ALTER TABLE user_devices ADD COLUMN key_hash {bytes} NOT NULL DEFAULT x'';

CREATE UNIQUE INDEX user_devices_key ON user_devices (user_id, key_hash);

DROP INDEX user_devices_user;

CREATE INDEX user_devices_user ON user_devices (user_id, id);

CREATE INDEX user_sessions_live ON user_sessions (user_id, id) WHERE revoked_at IS NULL;

CREATE INDEX users_admin ON users (id) WHERE is_admin;

CREATE TABLE api_keys (
    id {uuid} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text NOT NULL,
    key_hash {bytes} NOT NULL UNIQUE,
    can_write boolean NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time},
    last_used_at {time},
    revoked_at {time}
);

CREATE INDEX api_keys_user ON api_keys (user_id, id);

DROP TABLE api_keys;

DROP INDEX users_admin;

DROP INDEX user_sessions_live;

DROP INDEX user_devices_user;

CREATE INDEX user_devices_user ON user_devices (user_id);

DROP INDEX user_devices_key;

ALTER TABLE user_devices DROP COLUMN key_hash;

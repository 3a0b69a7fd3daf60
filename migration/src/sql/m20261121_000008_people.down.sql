DROP TABLE diaries;

CREATE INDEX users_search ON users (search_key, username_key);

DROP INDEX users_named;

DROP INDEX users_listed;

ALTER TABLE threads DROP COLUMN blocked;

DROP TABLE blocks;

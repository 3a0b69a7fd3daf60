DROP TABLE assistant_attempts;

ALTER TABLE threads DROP COLUMN expired_position;

CREATE INDEX user_sessions_latest ON user_sessions (user_id, id);

DROP INDEX user_sessions_user;

CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE INDEX user_sessions_expiry ON user_sessions (expires_at);

CREATE INDEX email_verification_tokens_expiry ON email_verification_tokens (expires_at);

CREATE INDEX password_reset_tokens_expiry ON password_reset_tokens (expires_at);

ALTER TABLE jobs ADD COLUMN user_id {uuid};

ALTER TABLE failed_jobs ADD COLUMN user_id {uuid};

CREATE INDEX failed_jobs_user ON failed_jobs (user_id) WHERE user_id IS NOT NULL;

CREATE INDEX failed_jobs_age ON failed_jobs (failed_at);

CREATE INDEX audit_log_actor ON audit_log (actor_id) WHERE actor_id <> user_id AND ip_address IS NOT NULL;

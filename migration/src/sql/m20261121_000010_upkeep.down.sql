DROP INDEX audit_log_actor;

DROP INDEX failed_jobs_age;

DROP INDEX failed_jobs_user;

ALTER TABLE failed_jobs DROP COLUMN user_id;

ALTER TABLE jobs DROP COLUMN user_id;

DROP INDEX password_reset_tokens_expiry;

DROP INDEX email_verification_tokens_expiry;

DROP INDEX user_sessions_expiry;

DROP INDEX refresh_tokens_expiry;

CREATE TABLE audit_log (
    id {uuid} PRIMARY KEY,
    user_id {uuid} NOT NULL,
    actor_id {uuid},
    action text NOT NULL,
    ip_address text,
    created_at {time} NOT NULL
);

CREATE INDEX audit_log_user ON audit_log (user_id, id);

CREATE TABLE thread_invitations (
    id {uuid} PRIMARY KEY,
    thread_id {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    created_by {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash {bytes} NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'member')),
    max_uses integer CHECK (max_uses > 0),
    use_count integer NOT NULL DEFAULT 0,
    created_seq bigint NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    CHECK (use_count <= max_uses)
);

CREATE UNIQUE INDEX thread_invitations_code ON thread_invitations (code_hash);

CREATE INDEX thread_invitations_thread ON thread_invitations (thread_id, id);

CREATE INDEX thread_invitations_created_by ON thread_invitations (created_by);

CREATE INDEX thread_invitations_expires_at ON thread_invitations (expires_at);

ALTER TABLE thread_participants ADD COLUMN removed_seq bigint;

ALTER TABLE instance ADD COLUMN upload_key {bytes};

CREATE TABLE uploads (
    id {uuid} PRIMARY KEY,
    user_id {uuid} REFERENCES users (id) ON DELETE SET NULL,
    client_key text,
    name text NOT NULL,
    declared_type text NOT NULL,
    size integer NOT NULL,
    type text,
    width integer,
    height integer,
    thumbnail_type text,
    thumbnail_size integer,
    content_hash {bytes},
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    completed_at {time},
    removed_at {time},
    collect_at {time}
);

CREATE INDEX uploads_user ON uploads (user_id, collect_at) WHERE user_id IS NOT NULL;

CREATE UNIQUE INDEX uploads_client_key ON uploads (user_id, client_key) WHERE client_key IS NOT NULL;

CREATE INDEX uploads_collect ON uploads (collect_at, id) WHERE collect_at IS NOT NULL;

ALTER TABLE message_attachments ADD COLUMN upload_id {uuid} REFERENCES uploads (id);

ALTER TABLE message_attachments ADD COLUMN width integer;

ALTER TABLE message_attachments ADD COLUMN height integer;

ALTER TABLE message_attachments ADD COLUMN has_thumbnail boolean NOT NULL DEFAULT false;

CREATE UNIQUE INDEX message_attachments_upload ON message_attachments (upload_id) WHERE upload_id IS NOT NULL;

ALTER TABLE archived_attachments ADD COLUMN upload_id {uuid} REFERENCES uploads (id);

ALTER TABLE archived_attachments ADD COLUMN width integer;

ALTER TABLE archived_attachments ADD COLUMN height integer;

ALTER TABLE archived_attachments ADD COLUMN has_thumbnail boolean NOT NULL DEFAULT false;

CREATE UNIQUE INDEX archived_attachments_upload ON archived_attachments (upload_id) WHERE upload_id IS NOT NULL;

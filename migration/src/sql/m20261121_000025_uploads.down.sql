DROP INDEX archived_attachments_upload;

ALTER TABLE archived_attachments DROP COLUMN has_thumbnail;

ALTER TABLE archived_attachments DROP COLUMN height;

ALTER TABLE archived_attachments DROP COLUMN width;

ALTER TABLE archived_attachments DROP COLUMN upload_id;

DROP INDEX message_attachments_upload;

ALTER TABLE message_attachments DROP COLUMN has_thumbnail;

ALTER TABLE message_attachments DROP COLUMN height;

ALTER TABLE message_attachments DROP COLUMN width;

ALTER TABLE message_attachments DROP COLUMN upload_id;

DROP TABLE uploads;

ALTER TABLE instance DROP COLUMN upload_key;

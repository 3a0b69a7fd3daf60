ALTER TABLE thread_participants DROP COLUMN removed_seq;

DROP TABLE thread_invitations;

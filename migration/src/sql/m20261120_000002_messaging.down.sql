DROP TABLE thread_events;

DROP TABLE read_marks;

DROP TABLE message_reactions;

DROP TABLE message_attachments;

DROP TABLE message_revisions;

DROP TABLE messages;

DROP TABLE room_bans;

DROP TABLE thread_participants;

DROP TABLE room_activity;

DROP TABLE threads;

UPDATE instance SET schema_version = 1;

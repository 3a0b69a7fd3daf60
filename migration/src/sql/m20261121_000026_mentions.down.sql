DROP TABLE archived_mentions;

DROP TABLE message_mentions;

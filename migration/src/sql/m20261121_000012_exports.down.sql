DROP INDEX message_reactions_user;

CREATE INDEX message_reactions_user ON message_reactions (user_id);

DROP INDEX thread_participants_user;

CREATE INDEX thread_participants_user ON thread_participants (user_id) WHERE left_at IS NULL;

DROP TABLE export_tokens;

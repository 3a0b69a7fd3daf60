CREATE INDEX thread_participants_account ON thread_participants (user_id);

CREATE INDEX users_deleted ON users (deleted_at) WHERE deleted_at IS NOT NULL;

ALTER TABLE room_bans ADD COLUMN seq bigint NOT NULL DEFAULT 0;

UPDATE room_bans SET seq = -(SELECT count(*) FROM room_bans later WHERE later.thread_id = room_bans.thread_id
    AND (later.at > room_bans.at OR later.at = room_bans.at AND later.user_id > room_bans.user_id));

CREATE UNIQUE INDEX room_bans_list ON room_bans (thread_id, seq);

CREATE INDEX room_bans_until ON room_bans (until) WHERE until IS NOT NULL;

DROP INDEX room_bans_until;

DROP INDEX room_bans_list;

ALTER TABLE room_bans DROP COLUMN seq;

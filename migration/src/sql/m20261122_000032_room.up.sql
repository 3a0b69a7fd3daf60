-- postgres: whoever sends writes the thread's row and their own. Where there is room for the new row beside the old one, no index is written.
ALTER TABLE threads SET (fillfactor = 75);

-- postgres
ALTER TABLE thread_participants SET (fillfactor = 75);

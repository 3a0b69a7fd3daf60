-- postgres
ALTER TABLE threads RESET (fillfactor);

-- postgres
ALTER TABLE thread_participants RESET (fillfactor);

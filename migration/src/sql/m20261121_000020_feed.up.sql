CREATE TABLE chirps (
    id {uuid} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seq bigint NOT NULL UNIQUE,
    message text NOT NULL,
    client_key text,
    send_hash {bytes},
    version integer NOT NULL DEFAULT 1,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
);

CREATE INDEX chirps_user ON chirps (user_id, seq);

CREATE UNIQUE INDEX chirps_client_key ON chirps (user_id, client_key) WHERE client_key IS NOT NULL;

CREATE TABLE chirp_feed (
    id smallint PRIMARY KEY CHECK (id = 1),
    last_seq bigint NOT NULL,
    trimmed_seq bigint NOT NULL
);

INSERT INTO chirp_feed (id, last_seq, trimmed_seq) VALUES (1, 0, 0);

CREATE TABLE chirp_events (
    seq bigint PRIMARY KEY,
    kind smallint NOT NULL,
    chirp_id {uuid} NOT NULL,
    created_at {time} NOT NULL
);

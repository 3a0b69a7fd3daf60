DROP TABLE chirp_events;

DROP TABLE chirp_feed;

DROP TABLE chirps;

DELETE FROM jobs WHERE kind = 'index_messages';

DROP TABLE search_backlog;

DROP TABLE message_search;

-- postgres
DROP SEQUENCE message_search_slots;

-- sqlite
DROP TABLE message_search_terms;

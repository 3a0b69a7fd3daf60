DELETE FROM jobs WHERE kind = 'index_messages';

DROP TABLE search_backlog;

DROP TABLE message_search;

-- sqlite
DROP TABLE message_search_terms;

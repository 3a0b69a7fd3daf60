DROP TABLE ai_cache;

DROP TABLE assistant_costs;

DROP TABLE assistant_answers;

ALTER TABLE threads DROP COLUMN assistant;

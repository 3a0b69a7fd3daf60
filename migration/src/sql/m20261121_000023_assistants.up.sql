ALTER TABLE threads ADD COLUMN assistant boolean NOT NULL DEFAULT false;

CREATE TABLE assistant_answers (
    question_id {uuid} PRIMARY KEY,
    thread_id {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    answer_id {uuid},
    status text NOT NULL CHECK (status IN ('queued', 'answering', 'answered', 'failed', 'limited')),
    failure text,
    attempts integer NOT NULL,
    retry_at {time},
    asked_at {time} NOT NULL,
    begun_at {time},
    updated_at {time} NOT NULL
);

CREATE INDEX assistant_answers_thread ON assistant_answers (thread_id, begun_at);

CREATE TABLE assistant_costs (
    day {date} NOT NULL,
    model {key} NOT NULL,
    answers bigint NOT NULL,
    cached_answers bigint NOT NULL,
    failed_attempts bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    micro_dollars bigint NOT NULL,
    PRIMARY KEY (day, model)
);

CREATE TABLE ai_cache (
    id {uuid} PRIMARY KEY,
    scope {uuid} NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    model {key} NOT NULL,
    prompt_hash {key} NOT NULL,
    prompt_summary text NOT NULL,
    response_text text NOT NULL,
    tokens_used bigint NOT NULL,
    cost_estimate bigint NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    CONSTRAINT ai_cache_lookup UNIQUE (scope, model, prompt_hash)
);

CREATE INDEX ai_cache_created_at ON ai_cache (created_at);

CREATE INDEX ai_cache_expires_at ON ai_cache (expires_at);

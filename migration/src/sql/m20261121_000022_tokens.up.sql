CREATE TABLE nft_collections (
    id {uuid} PRIMARY KEY,
    name text NOT NULL,
    symbol text NOT NULL,
    description text,
    contract_address text,
    chain_id bigint,
    created_by {uuid} REFERENCES users (id) ON DELETE SET NULL,
    is_open boolean NOT NULL,
    max_supply bigint,
    minted_count bigint NOT NULL DEFAULT 0,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
);

CREATE INDEX nft_collections_creator ON nft_collections (created_by, id) WHERE created_by IS NOT NULL;

CREATE TABLE nfts (
    id {uuid} PRIMARY KEY,
    collection_id {uuid} NOT NULL REFERENCES nft_collections (id) ON DELETE CASCADE,
    token_id {key} NOT NULL,
    owner_user_id {uuid} REFERENCES users (id) ON DELETE SET NULL,
    owner_address text,
    metadata_uri text NOT NULL,
    transaction_hash {key} NOT NULL UNIQUE,
    minted_at {time} NOT NULL,
    UNIQUE (collection_id, token_id)
);

CREATE INDEX nfts_collection ON nfts (collection_id, id);

CREATE INDEX nfts_owner ON nfts (owner_user_id, id) WHERE owner_user_id IS NOT NULL;

CREATE TABLE minting_queue_items (
    id {uuid} PRIMARY KEY,
    user_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    collection_id {uuid} NOT NULL REFERENCES nft_collections (id) ON DELETE CASCADE,
    wallet_address text,
    metadata_uri text NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    transaction_hash {key},
    last_error text,
    nft_id {uuid} REFERENCES nfts (id) ON DELETE SET NULL,
    batch_id {uuid},
    place integer NOT NULL,
    client_key text,
    request_hash {bytes},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
);

CREATE INDEX minting_queue_items_user ON minting_queue_items (user_id, id);

CREATE INDEX minting_queue_items_queued ON minting_queue_items (user_id) WHERE status = 'queued';

CREATE UNIQUE INDEX minting_queue_items_key ON minting_queue_items (user_id, client_key, place)
    WHERE client_key IS NOT NULL;

CREATE INDEX minting_queue_items_collection ON minting_queue_items (collection_id);

CREATE INDEX minting_queue_items_nft ON minting_queue_items (nft_id) WHERE nft_id IS NOT NULL;

CREATE INDEX minting_queue_items_batch ON minting_queue_items (batch_id, id) WHERE batch_id IS NOT NULL;

CREATE TABLE ledger_contracts (
    id {uuid} PRIMARY KEY,
    tokens bigint NOT NULL
);

CREATE TABLE ledger_transactions (
    hash {key} PRIMARY KEY,
    contract_id {uuid} NOT NULL,
    token_number bigint NOT NULL,
    UNIQUE (contract_id, token_number)
);

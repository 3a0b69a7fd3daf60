DROP TABLE ledger_transactions;

DROP TABLE ledger_contracts;

DROP TABLE minting_queue_items;

DROP TABLE nfts;

DROP TABLE nft_collections;

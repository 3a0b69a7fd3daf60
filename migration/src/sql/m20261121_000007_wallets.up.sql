DROP INDEX wallets_user;

CREATE INDEX wallets_user ON wallets (user_id, id);

CREATE UNIQUE INDEX wallets_primary ON wallets (user_id) WHERE is_primary;

CREATE TABLE wallet_nonces (
    id {uuid} PRIMARY KEY,
    address text NOT NULL,
    nonce {key} NOT NULL UNIQUE,
    expires_at {time} NOT NULL,
    consumed_at {time}
);

CREATE INDEX wallet_nonces_address ON wallet_nonces (lower(address));

CREATE INDEX wallet_nonces_expiry ON wallet_nonces (expires_at);

CREATE TABLE wallet_challenges (
    id {uuid} PRIMARY KEY,
    address text NOT NULL,
    chain_id bigint NOT NULL,
    user_id {uuid} REFERENCES users (id) ON DELETE CASCADE,
    message text NOT NULL,
    nonce_id {uuid} NOT NULL UNIQUE REFERENCES wallet_nonces (id) ON DELETE CASCADE,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    used_at {time}
);

CREATE INDEX wallet_challenges_address ON wallet_challenges (lower(address));

CREATE INDEX wallet_challenges_user ON wallet_challenges (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE referral_codes (
    id {uuid} PRIMARY KEY,
    code text NOT NULL,
    code_key {key} NOT NULL UNIQUE,
    owner_id {uuid} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    max_uses integer,
    use_count integer NOT NULL DEFAULT 0,
    expires_at {time},
    disabled_at {time},
    created_at {time} NOT NULL,
    CHECK (use_count >= 0 AND (max_uses IS NULL OR use_count <= max_uses))
);

CREATE INDEX referral_codes_owner ON referral_codes (owner_id, id);

CREATE TABLE referrals (
    id {uuid} PRIMARY KEY,
    referral_code_id {uuid} NOT NULL REFERENCES referral_codes (id) ON DELETE CASCADE,
    referred_user_id {uuid} NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    created_at {time} NOT NULL
);

CREATE INDEX referrals_code ON referrals (referral_code_id, id);

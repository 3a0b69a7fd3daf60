DROP TABLE referrals;

DROP TABLE referral_codes;

DROP TABLE wallet_challenges;

DROP TABLE wallet_nonces;

DROP INDEX wallets_primary;

DROP INDEX wallets_user;

CREATE INDEX wallets_user ON wallets (user_id);

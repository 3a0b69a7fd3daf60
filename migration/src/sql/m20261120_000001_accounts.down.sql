DROP TABLE refresh_tokens;

DROP TABLE user_sessions;

DROP TABLE wallets;

DROP TABLE user_devices;

DROP TABLE profiles;

DROP TABLE users;

DROP TABLE instance;

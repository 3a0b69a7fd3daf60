CREATE INDEX users_imported ON users (substr(password_hash, 5, 2)) WHERE substr(password_hash, 2, 1) = '2';

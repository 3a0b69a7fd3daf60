DROP INDEX users_deleted;

DROP INDEX thread_participants_account;

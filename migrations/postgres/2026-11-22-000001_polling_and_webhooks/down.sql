DROP TABLE hooks;
DROP TABLE inbox;
ALTER TABLE runs DROP COLUMN progress;
DROP TABLE rate_limits;
DROP TABLE polls;
DROP TABLE connection_secrets;
DROP TABLE secret_keys;

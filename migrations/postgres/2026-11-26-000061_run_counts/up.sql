-- Kept in lockstep with the SQLite folder.

-- How many runs of a list ended in each way: runs themselves are forgotten in time.
ALTER TABLE lists ADD COLUMN runs_complete BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lists ADD COLUMN runs_held BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lists ADD COLUMN runs_failed BIGINT NOT NULL DEFAULT 0;

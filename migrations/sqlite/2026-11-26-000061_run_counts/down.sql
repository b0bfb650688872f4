ALTER TABLE lists DROP COLUMN runs_failed;
ALTER TABLE lists DROP COLUMN runs_held;
ALTER TABLE lists DROP COLUMN runs_complete;

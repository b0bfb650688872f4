ALTER TABLE polls DROP COLUMN planned_at;

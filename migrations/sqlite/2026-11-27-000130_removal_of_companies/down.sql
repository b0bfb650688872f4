ALTER TABLE connections DROP COLUMN paused_before;
ALTER TABLE companies DROP COLUMN deleting_at;

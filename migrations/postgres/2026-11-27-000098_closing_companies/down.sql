ALTER TABLE companies DROP COLUMN closing_at;

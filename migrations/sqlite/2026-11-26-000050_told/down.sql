ALTER TABLE hooks DROP COLUMN served_at;
ALTER TABLE lists DROP COLUMN told_received_at;
ALTER TABLE lists DROP COLUMN told_at;
DROP TABLE told;
ALTER TABLE inbox DROP COLUMN content_hash;
ALTER TABLE inbox DROP COLUMN told_at;

-- Differs from the other folder: see up.sql.
DROP TABLE search_entries;
DROP TABLE search_pending;
DROP TABLE search_lists;
ALTER TABLE links ALTER COLUMN sort_name TYPE TEXT;
ALTER TABLE records ALTER COLUMN sort_name TYPE TEXT;

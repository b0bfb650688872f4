-- Differs from the other folder: see up.sql.
DROP TRIGGER search_entries_deleted;
DROP TABLE search_trigrams;
DROP TABLE search_entries;
DROP TABLE search_pending;
DROP TABLE search_lists;

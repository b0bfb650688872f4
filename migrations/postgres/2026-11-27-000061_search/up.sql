-- Differs from the other folder: each engine has its own index of texts. The tables have the same columns.

-- The order of bytes, as SQLite has it: the same lists on both, and several can be merged.
ALTER TABLE records ALTER COLUMN sort_name TYPE TEXT COLLATE "C";
ALTER TABLE links ALTER COLUMN sort_name TYPE TEXT COLLATE "C";

-- A list by a short number, with which what is searched for in it begins.
CREATE TABLE search_lists (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    list TEXT NOT NULL,
    UNIQUE (connection_id, list)
);
INSERT INTO search_lists (connection_id, list) SELECT connection_id, list FROM lists;

-- Records that were written and are not in the search index yet, by their IDs, a space between two: a worker puts them
-- there, and until then they are looked through one by one.
CREATE TABLE search_pending (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    search_list BIGINT NOT NULL REFERENCES search_lists (seq) ON DELETE CASCADE,
    count INTEGER NOT NULL,
    record_ids TEXT NOT NULL
);
CREATE INDEX search_pending_in_order ON search_pending (search_list, seq);
INSERT INTO search_pending (search_list, count, record_ids)
    SELECT search_lists.seq, count(*), string_agg(placed.id, ' ') FROM (
        SELECT connection_id, list, id, (row_number() OVER (PARTITION BY connection_id, list ORDER BY id) - 1) / 1000 AS batch
        FROM records
    ) AS placed JOIN search_lists ON search_lists.connection_id = placed.connection_id AND search_lists.list = placed.list
    GROUP BY search_lists.seq, placed.batch;

-- The records that are in the index, with their trigrams. No extension is needed for it.
CREATE TABLE search_entries (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record_id TEXT NOT NULL UNIQUE REFERENCES records (id) ON DELETE CASCADE,
    trigrams TSVECTOR NOT NULL
);
-- What GIN keeps aside is small, since each search reads all of it.
CREATE INDEX search_entries_by_trigram ON search_entries USING gin (trigrams) WITH (gin_pending_list_limit = 512);

-- Differs from the other folder: each engine has its own index of texts. Digits are in it five at a time: all records are
-- put into it anew, and until a worker has done that they are looked through one by one.
DROP TRIGGER search_entries_deleted;
DROP TABLE search_trigrams;
DELETE FROM search_entries;
CREATE VIRTUAL TABLE search_trigrams USING fts5 (
    trigrams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
CREATE TRIGGER search_entries_deleted AFTER DELETE ON search_entries BEGIN
    DELETE FROM search_trigrams WHERE rowid = old.seq;
END;
DELETE FROM search_pending;
INSERT INTO search_pending (search_list, count, record_ids)
    SELECT search_lists.seq, count(*), group_concat(placed.id, ' ') FROM (
        SELECT connection_id, list, id, (row_number() OVER (PARTITION BY connection_id, list ORDER BY id) - 1) / 1000 AS batch
        FROM records
    ) AS placed JOIN search_lists ON search_lists.connection_id = placed.connection_id AND search_lists.list = placed.list
    GROUP BY search_lists.seq, placed.batch;

-- Differs from the other folder: see up.sql. The version before finds no digits that stand five at a time: all records are put
-- into the index anew.
TRUNCATE search_entries;
TRUNCATE search_pending;
INSERT INTO search_pending (search_list, count, record_ids)
    SELECT search_lists.seq, count(*), string_agg(placed.id, ' ') FROM (
        SELECT connection_id, list, id, (row_number() OVER (PARTITION BY connection_id, list ORDER BY id) - 1) / 1000 AS batch
        FROM records
    ) AS placed JOIN search_lists ON search_lists.connection_id = placed.connection_id AND search_lists.list = placed.list
    GROUP BY search_lists.seq, placed.batch;

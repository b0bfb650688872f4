-- Differs from the other folder: each engine has its own index of texts. Digits are in it five at a time: all records are
-- put into it anew, and until a worker has done that they are looked through one by one.
TRUNCATE search_entries;
TRUNCATE search_pending;
INSERT INTO search_pending (search_list, count, record_ids)
    SELECT search_lists.seq, count(*), string_agg(placed.id, ' ') FROM (
        SELECT connection_id, list, id, (row_number() OVER (PARTITION BY connection_id, list ORDER BY id) - 1) / 1000 AS batch
        FROM records
    ) AS placed JOIN search_lists ON search_lists.connection_id = placed.connection_id AND search_lists.list = placed.list
    GROUP BY search_lists.seq, placed.batch;

-- Kept in lockstep with the PostgreSQL folder. A list is read connection by connection, each in the order of its names,
-- from the index of the rarest thing that is asked for.

-- A key of an index has its bounds, and the beginning of a name decides as well.
UPDATE records SET sort_name = substr(sort_name, 1, 200) WHERE length(sort_name) > 200;

DROP INDEX records_by_name;
-- The company comes first, so that what asks for a list in another order than this one's never takes this index for its own.
CREATE INDEX records_by_name ON records (company_id, connection_id, list, sort_name, id);
DROP INDEX records_absent;
-- What they are about is a column as well: one more that is equal is why SQLite takes these before the index above.
CREATE INDEX records_absent ON records (connection_id, list, (absent_at IS NOT NULL), sort_name, id, active)
    WHERE absent_at IS NOT NULL;
CREATE INDEX records_inactive ON records (connection_id, list, active, sort_name, id, absent_at) WHERE NOT active;

-- The record's, which changes with it: here for the index.
ALTER TABLE links ADD COLUMN sort_name TEXT NOT NULL DEFAULT '';
UPDATE links SET sort_name = (SELECT records.sort_name FROM records WHERE records.id = links.record_id);
DROP INDEX links_by_app;
CREATE INDEX links_by_name ON links (app_id, connection_id, list, sort_name, record_id);

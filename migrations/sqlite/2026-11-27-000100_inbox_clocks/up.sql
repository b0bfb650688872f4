-- Kept in lockstep with the PostgreSQL folder.

-- The latest time of arrival that a message of a connection was given: the next one is given a later time, whichever
-- gateway keeps it and whatever its clock says.
CREATE TABLE inbox_clocks (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    latest TIMESTAMP NOT NULL
);
INSERT INTO inbox_clocks (connection_id, latest)
    SELECT connection_id, max(received_at) FROM inbox GROUP BY connection_id;

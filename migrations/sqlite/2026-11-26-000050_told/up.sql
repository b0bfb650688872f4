-- Kept in lockstep with the PostgreSQL folder. Times are UTC; JSON is text, validated by the program.

-- When the source says that it was so, and what was said, by its hash: another body under the same ID is refused.
ALTER TABLE inbox ADD COLUMN told_at TIMESTAMP;
ALTER TABLE inbox ADD COLUMN content_hash BLOB;

-- The newest message about a record of a connection that is pushed to: an older one does not overwrite it.
CREATE TABLE told (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    list TEXT NOT NULL,
    external_id TEXT NOT NULL,
    told_at TIMESTAMP NOT NULL,
    -- Of two from the same time the one that came later is the newer one.
    received_at TIMESTAMP NOT NULL,
    -- It said that the record is gone: kept for a while, so that an older message does not bring it back.
    removed BOOLEAN NOT NULL,
    PRIMARY KEY (connection_id, list, external_id)
);
CREATE INDEX told_removed ON told (received_at) WHERE removed;

-- The same for the newest whole list: it has told of everybody.
ALTER TABLE lists ADD COLUMN told_at TIMESTAMP;
ALTER TABLE lists ADD COLUMN told_received_at TIMESTAMP;

-- When an inbox last had its turn: whoever has waited longest is next.
ALTER TABLE hooks ADD COLUMN served_at TIMESTAMP;

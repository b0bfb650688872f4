-- Kept in lockstep with the SQLite folder. What has happened is forgotten after a while.

-- How far the change feed was looked through: of the changes up to here some are gone.
CREATE TABLE pruned (
    what TEXT NOT NULL PRIMARY KEY,
    up_to BIGINT NOT NULL
);
INSERT INTO pruned (what, up_to) VALUES ('changes', 0);

CREATE INDEX record_versions_by_age ON record_versions (superseded_at);

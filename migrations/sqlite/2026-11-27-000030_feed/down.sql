ALTER TABLE changes RENAME TO changes_by_position;
DROP INDEX changes_by_record;
CREATE TABLE changes (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at TIMESTAMP NOT NULL,
    record_id TEXT NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    run_id TEXT,
    app_id TEXT,
    profile_id TEXT,
    actor TEXT
);
INSERT INTO changes (at, record_id, kind, version, run_id, app_id, profile_id, actor)
    SELECT c.at, c.record_id, c.kind, c.version, c.run_id, c.app_id, c.profile_id, c.actor
    FROM changes_by_position c JOIN records r ON r.id = c.record_id ORDER BY c.company_id, c.position;
CREATE INDEX changes_by_record ON changes (record_id, seq);
CREATE TABLE pruned (
    what TEXT NOT NULL PRIMARY KEY,
    up_to BIGINT NOT NULL
);
INSERT INTO pruned (what, up_to) VALUES ('changes', 0);
DROP TABLE changes_by_position;
DROP TABLE feed_positions;
DROP TABLE feed_epoch;

-- Kept in lockstep with the PostgreSQL folder. The change feed in the order of commits.

-- Where each company's feed ends. A transaction takes the positions of its changes from here as its last statement but
-- the changes themselves, and holds the row until its commit: who sees a position sees all that are lower.
CREATE TABLE feed_positions (
    company_id TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL,
    -- Of the changes up to here some are forgotten: the feed begins after it.
    forgotten BIGINT NOT NULL
);

-- Changed when a backup was restored: positions that were given out after it are given out again.
CREATE TABLE feed_epoch (
    id INTEGER NOT NULL PRIMARY KEY,
    epoch TEXT NOT NULL
);

ALTER TABLE changes RENAME TO changes_by_seq;
DROP INDEX changes_by_record;

-- No references: a change outlives its record, its connection and its app.
CREATE TABLE changes (
    company_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    -- For people: it is no order, and a later position may have an earlier time.
    at TIMESTAMP NOT NULL,
    kind TEXT NOT NULL,
    list TEXT NOT NULL,
    record_id TEXT,
    external_id TEXT,
    connection_id TEXT,
    version INTEGER,
    app_id TEXT,
    profile_id TEXT,
    run_id TEXT,
    actor TEXT,
    actor_kind TEXT,
    actor_id TEXT,
    PRIMARY KEY (company_id, position)
) WITHOUT ROWID;

INSERT INTO changes (company_id, position, at, kind, list, record_id, external_id, connection_id, version, app_id,
        profile_id, run_id, actor)
    SELECT r.company_id, ROW_NUMBER() OVER (PARTITION BY r.company_id ORDER BY c.seq), c.at, c.kind, r.list, r.id,
        r.external_id, r.connection_id, c.version, c.app_id, c.profile_id, c.run_id, c.actor
    FROM changes_by_seq c JOIN records r ON r.id = c.record_id;

INSERT INTO feed_positions (company_id, last, forgotten)
    SELECT r.company_id, COUNT(*),
        COUNT(CASE WHEN c.seq <= (SELECT up_to FROM pruned WHERE what = 'changes') THEN 1 END)
    FROM changes_by_seq c JOIN records r ON r.id = c.record_id GROUP BY r.company_id;

DROP TABLE changes_by_seq;
DROP TABLE pruned;
CREATE INDEX changes_by_record ON changes (record_id, position);

-- Kept in lockstep with the SQLite folder. Who did what: a chain of rows for each company, and one for all else.

-- No references: a row outlives what it tells of.
CREATE TABLE audit (
    -- A company's ID, or `global`.
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    -- For people: it is no order.
    at TIMESTAMP NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    action TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id TEXT NOT NULL,
    -- JSON, hashed as it stands here: never to be written anew.
    members TEXT NOT NULL,
    request_id TEXT,
    address TEXT,
    credential TEXT,
    key_id TEXT NOT NULL,
    -- Of the row and of the hash before it, with a key that is not in the database.
    hash BYTEA NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_by_time ON audit (at, chain, seq);
CREATE INDEX audit_by_chain ON audit (chain, at, seq);
CREATE INDEX audit_by_actor ON audit (actor_id, at, chain, seq);

-- Where each chain ends and begins. A transaction takes the numbers of its rows from here as one of its last statements,
-- and holds the row until its commit.
CREATE TABLE audit_heads (
    chain TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    -- The first row that is kept, and the hash before it: those before were removed by their age.
    begins BIGINT NOT NULL,
    before BYTEA NOT NULL
);

-- The keys of rows from before the last rotation, sealed with a key that is not in the database.
CREATE TABLE audit_keys (
    id TEXT NOT NULL PRIMARY KEY,
    sealed_with TEXT NOT NULL,
    sealed BYTEA NOT NULL
);

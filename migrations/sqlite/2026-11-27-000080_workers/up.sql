-- Kept in lockstep with the PostgreSQL folder. What runs beside the requests: work that one gateway does for all, and how the
-- workers of each gateway are.

-- One row a kind of work that one gateway at a time does. The lease is as in polls.
CREATE TABLE duties (
    name TEXT NOT NULL PRIMARY KEY,
    next_at TIMESTAMP NOT NULL,
    lease BIGINT NOT NULL,
    leased_by TEXT,
    leased_until TIMESTAMP
);

-- One row a worker of a gateway, as the gateway reported it last.
CREATE TABLE workers (
    gateway TEXT NOT NULL,
    name TEXT NOT NULL,
    -- idle, working, failing
    state TEXT NOT NULL,
    runs BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    panics BIGINT NOT NULL,
    last_began_at TIMESTAMP,
    last_ended_at TIMESTAMP,
    -- done, failed, lost, stopped
    last_result TEXT,
    next_at TIMESTAMP,
    failing_since TIMESTAMP,
    code TEXT,
    detail TEXT,
    remedy TEXT,
    reported_at TIMESTAMP NOT NULL,
    PRIMARY KEY (gateway, name)
);

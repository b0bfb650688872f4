-- Kept in lockstep with the SQLite folder. Times are UTC; JSON is text, validated by the program.

CREATE TABLE companies (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE connections (
    id TEXT NOT NULL PRIMARY KEY,
    company_id TEXT NOT NULL REFERENCES companies (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    paused BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP,
    problem_code TEXT,
    problem_detail TEXT,
    problem_remedy TEXT,
    problem_at TIMESTAMP,
    UNIQUE (company_id, name)
);

-- What only a connection of kind quickbooks_desktop has.
CREATE TABLE desktop_files (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    username TEXT NOT NULL UNIQUE,
    password_hash BYTEA NOT NULL,
    owner_id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    -- The company file that answered first; another one is refused.
    pinned_by_file_id BOOLEAN NOT NULL,
    pinned_name TEXT,
    pinned_path TEXT,
    qbxml_version TEXT
);

-- One row a list of a connection: its cursor, and the lock that puts its writers in a row.
CREATE TABLE lists (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    list TEXT NOT NULL,
    revision BIGINT NOT NULL,
    -- The newest modification seen, in the source's own words.
    high_water TEXT,
    last_started_at TIMESTAMP,
    last_complete_at TIMESTAMP,
    last_full_at TIMESTAMP,
    -- The request that the source refused, not to be sent again before it changes.
    refused TEXT,
    refused_at TIMESTAMP,
    PRIMARY KEY (connection_id, list)
);

CREATE TABLE records (
    id TEXT NOT NULL PRIMARY KEY,
    -- The connection's company, which never changes: here for the indexes below.
    company_id TEXT NOT NULL,
    connection_id TEXT NOT NULL REFERENCES connections (id),
    list TEXT NOT NULL,
    external_id TEXT NOT NULL,
    content_hash BYTEA NOT NULL,
    version INTEGER NOT NULL,
    sort_name TEXT NOT NULL,
    search_text TEXT NOT NULL,
    name TEXT NOT NULL,
    full_name TEXT,
    first_name TEXT,
    middle_name TEXT,
    last_name TEXT,
    company_name TEXT,
    email TEXT,
    phone TEXT,
    job_title TEXT,
    parent_external_id TEXT,
    sublevel INTEGER NOT NULL,
    active BOOLEAN NOT NULL,
    hired_on DATE,
    released_on DATE,
    source_created_at TEXT,
    source_modified_at TEXT,
    -- Set while the source's list no longer has the record.
    absent_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (connection_id, list, external_id)
);
CREATE INDEX records_by_name ON records (company_id, list, sort_name, id);
CREATE INDEX records_by_update ON records (company_id, list, updated_at, id);
-- Few are absent: counting them tells how many are present.
CREATE INDEX records_absent ON records (connection_id, list) WHERE absent_at IS NOT NULL;

-- Contents that were superseded; the current one is in records.
CREATE TABLE record_versions (
    record_id TEXT NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    content TEXT NOT NULL,
    superseded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (record_id, version)
);

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    company_id TEXT NOT NULL REFERENCES companies (id),
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    list TEXT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    updated_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    received BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    absent BIGINT NOT NULL,
    present_before BIGINT NOT NULL,
    -- Absences were judged: the whole list had arrived.
    reconciled BOOLEAN NOT NULL,
    high_water TEXT,
    code TEXT,
    detail TEXT,
    remedy TEXT,
    decision TEXT,
    decided_at TIMESTAMP,
    decided_by TEXT
);
CREATE INDEX runs_by_connection ON runs (connection_id, id);
-- At most one run of a list is asked for, and at most one runs.
CREATE UNIQUE INDEX runs_one_queued ON runs (connection_id, list) WHERE state = 'queued';
CREATE UNIQUE INDEX runs_one_running ON runs (connection_id, list) WHERE state = 'running';
CREATE UNIQUE INDEX runs_one_held ON runs (connection_id, list) WHERE state = 'held';

-- What a full run has seen, a batch a row: 8 bytes of a hash of each external ID. Emptied at its end.
CREATE TABLE run_seen (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    batch INTEGER NOT NULL,
    seen BYTEA NOT NULL,
    PRIMARY KEY (run_id, batch)
);

-- The records that a run found absent: named by a held run, marked by a complete one.
CREATE TABLE run_absences (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    record_id TEXT NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    PRIMARY KEY (run_id, record_id)
);
CREATE INDEX run_absences_by_record ON run_absences (record_id);

CREATE TABLE qbwc_sessions (
    ticket_hash BYTEA NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    revision BIGINT NOT NULL,
    plan TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE UNIQUE INDEX qbwc_sessions_one_open ON qbwc_sessions (connection_id) WHERE state = 'open';

CREATE TABLE apps (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    admin BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE app_companies (
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
    PRIMARY KEY (app_id, company_id)
);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    token_hash BYTEA NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP
);

CREATE TABLE profiles (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    list TEXT NOT NULL,
    profile_id TEXT NOT NULL,
    company_id TEXT NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    email TEXT,
    sort_name TEXT NOT NULL,
    search_text TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (app_id, list, profile_id)
);
CREATE INDEX profiles_by_name ON profiles (app_id, list, sort_name, id);

-- One to one, by the database: a record has one profile an app, a profile one record a connection.
CREATE TABLE links (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    profile_key TEXT NOT NULL REFERENCES profiles (id),
    record_id TEXT NOT NULL REFERENCES records (id),
    connection_id TEXT NOT NULL REFERENCES connections (id),
    company_id TEXT NOT NULL REFERENCES companies (id),
    list TEXT NOT NULL,
    linked_by TEXT NOT NULL,
    linked_at TIMESTAMP NOT NULL,
    CONSTRAINT links_one_profile_per_record UNIQUE (record_id, app_id),
    CONSTRAINT links_one_record_per_profile UNIQUE (profile_key, connection_id)
);
CREATE INDEX links_by_company ON links (company_id, id);

-- The ordered change feed: what happened to each record and its links.
CREATE TABLE changes (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TIMESTAMP NOT NULL,
    record_id TEXT NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    run_id TEXT,
    app_id TEXT,
    profile_id TEXT,
    actor TEXT
);
CREATE INDEX changes_by_record ON changes (record_id, seq);

-- The contract with other systems that read by SQL.
CREATE VIEW staged_employees AS
    SELECT id, company_id, connection_id, external_id, name, first_name, middle_name, last_name, email, phone, job_title,
           active, hired_on, released_on, absent_at IS NOT NULL AS absent, absent_at, version, created_at, updated_at
    FROM records WHERE list = 'employee';

CREATE VIEW staged_customers AS
    SELECT id, company_id, connection_id, external_id, name, full_name, company_name, first_name, middle_name, last_name,
           email, phone, job_title, parent_external_id, sublevel, active, absent_at IS NOT NULL AS absent, absent_at,
           version, created_at, updated_at
    FROM records WHERE list = 'customer';

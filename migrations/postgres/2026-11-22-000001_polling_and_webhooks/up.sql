-- Kept in lockstep with the SQLite folder. Times are UTC; JSON is text, validated by the program.

-- The keys that secrets were sealed with, by their fingerprint; the keys themselves are never here.
CREATE TABLE secret_keys (
    id TEXT NOT NULL PRIMARY KEY,
    -- New secrets are sealed with this one.
    current BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX secret_keys_one_current ON secret_keys (current) WHERE current;

-- What a source wants to know of us: sealed, and bound to its row.
CREATE TABLE connection_secrets (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    key_id TEXT NOT NULL REFERENCES secret_keys (id),
    sealed BYTEA NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (connection_id, name)
);
CREATE INDEX connection_secrets_by_key ON connection_secrets (key_id);

-- One row a connection that is polled: when it is due, and who polls it.
CREATE TABLE polls (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    next_at TIMESTAMP NOT NULL,
    -- Polls that failed, in a row.
    failures INTEGER NOT NULL,
    last_ok_at TIMESTAMP,
    -- What the connector wants to remember between two polls, in its own words.
    memory TEXT,
    -- The lease: only its holder may send requests and write what they bring. Each lease has a higher number.
    lease BIGINT NOT NULL,
    leased_by TEXT,
    leased_at TIMESTAMP,
    leased_until TIMESTAMP
);
CREATE INDEX polls_due ON polls (next_at);

-- How fast a credential may be used, shared by all gateways. The key is a hash of the vendor's host and the credential.
CREATE TABLE rate_limits (
    id TEXT NOT NULL PRIMARY KEY,
    -- When the next request would arrive if they came evenly.
    arrival_at TIMESTAMP NOT NULL,
    -- The source said to wait until then.
    closed_until TIMESTAMP
);

-- How far a run has come, in the connector's own words: another gateway goes on from there.
ALTER TABLE runs ADD COLUMN progress TEXT;

-- What webhooks told, reduced to what is needed, until it is dealt with.
CREATE TABLE inbox (
    id TEXT NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    -- The sender's own ID of the message: a second delivery of it is not stored.
    message_id TEXT NOT NULL,
    -- The sender's name for what happened.
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Emptied when it is done.
    body TEXT,
    received_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    -- Since when it waits: its receipt, or its last replay.
    pending_since TIMESTAMP NOT NULL,
    attempts INTEGER NOT NULL,
    -- When it is tried (again).
    next_at TIMESTAMP NOT NULL,
    -- Why it waits, or was given up.
    code TEXT,
    detail TEXT,
    remedy TEXT,
    UNIQUE (connection_id, message_id)
);
CREATE INDEX inbox_by_connection ON inbox (connection_id, id);
-- Those that wait, by when and in their order; a message that arrives is in no index of those that are dealt with.
CREATE INDEX inbox_due ON inbox (next_at) WHERE state = 'pending';
CREATE INDEX inbox_in_order ON inbox (connection_id, received_at, id) WHERE state = 'pending';
CREATE INDEX inbox_by_age ON inbox (state, updated_at) WHERE state <> 'pending';

-- One row a connection whose webhooks were heard of: who works on its inbox, and what its setting up needs.
CREATE TABLE hooks (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    last_received_at TIMESTAMP,
    -- Paycom: the code that an administrator types into Paycom, and when it was sent.
    verification_code TEXT,
    verification_at TIMESTAMP,
    -- ConnectWise: whether callbacks are wanted, and when they were last seen to be there.
    subscribed BOOLEAN NOT NULL,
    checked_at TIMESTAMP,
    -- The lease of the inbox, as in polls.
    lease BIGINT NOT NULL,
    leased_by TEXT,
    leased_until TIMESTAMP
);

-- Kept in lockstep with the PostgreSQL folder. Times are UTC; JSON is text, validated by the program.

-- What a source told and nobody understood, as it came: sealed with a key of its connection, and bound to its message.
CREATE TABLE sealed_messages (
    inbox_id TEXT NOT NULL PRIMARY KEY REFERENCES inbox (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    kept_until TIMESTAMP NOT NULL
);
CREATE INDEX sealed_messages_by_end ON sealed_messages (kept_until);

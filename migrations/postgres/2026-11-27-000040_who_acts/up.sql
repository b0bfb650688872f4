-- Kept in lockstep with the SQLite folder.

-- Who made a link, in columns: what kind of party, and its ID. What an older version wrote was a sentence with a name,
-- which is kept where no app is found by it.
ALTER TABLE links ADD COLUMN linked_by_kind TEXT NOT NULL DEFAULT 'app';
ALTER TABLE links ADD COLUMN linked_by_id TEXT;
UPDATE links SET linked_by_id = COALESCE(
    (SELECT MIN(a.id) FROM apps a WHERE 'app ' || a.name = links.linked_by),
    (SELECT MIN(a.id) FROM apps a, apps b
        WHERE b.id = links.app_id AND 'app ' || a.name || ' for ' || b.name = links.linked_by),
    SUBSTR(linked_by, 5));
ALTER TABLE links DROP COLUMN linked_by;

-- What a token may be used for: words parted by blanks, within those of its app.
ALTER TABLE apps ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read link poll';
ALTER TABLE tokens ADD COLUMN name TEXT;
ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read link poll';
ALTER TABLE tokens ADD COLUMN expires_at TIMESTAMP;
-- To the minute, or less often.
ALTER TABLE tokens ADD COLUMN last_used_at TIMESTAMP;

-- Kept in lockstep with the PostgreSQL folder.

-- Who decided about a hold, in columns: the kind of party (or `run`, the later one that took its place), its ID, and the name
-- that it had then. What an older version wrote was a sentence.
ALTER TABLE runs ADD COLUMN decided_by_kind TEXT;
ALTER TABLE runs ADD COLUMN decided_by_id TEXT;
ALTER TABLE runs ADD COLUMN decided_by_name TEXT;
UPDATE runs SET decided_by_kind = 'run', decided_by_id = decided_by WHERE SUBSTR(decided_by, 1, 4) = 'run_';
UPDATE runs SET decided_by_kind = 'command_line' WHERE decided_by = 'command line';
UPDATE runs SET
    decided_by_kind = 'app',
    decided_by_id = (SELECT MIN(a.id) FROM apps a WHERE 'app ' || a.name = runs.decided_by),
    decided_by_name = CASE WHEN SUBSTR(decided_by, 1, 4) = 'app ' THEN SUBSTR(decided_by, 5) ELSE decided_by END
    WHERE decided_by IS NOT NULL AND decided_by_kind IS NULL;
ALTER TABLE runs DROP COLUMN decided_by;

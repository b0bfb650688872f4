ALTER TABLE runs ADD COLUMN decided_by TEXT;
UPDATE runs SET decided_by = CASE
    WHEN decided_by_kind = 'run' THEN decided_by_id
    WHEN decided_by_kind = 'command_line' THEN 'command line'
    ELSE decided_by_kind || ' ' || COALESCE(decided_by_name, decided_by_id, '') END
    WHERE decided_by_kind IS NOT NULL;
ALTER TABLE runs DROP COLUMN decided_by_kind;
ALTER TABLE runs DROP COLUMN decided_by_id;
ALTER TABLE runs DROP COLUMN decided_by_name;

ALTER TABLE tokens DROP COLUMN last_used_at;
ALTER TABLE tokens DROP COLUMN expires_at;
ALTER TABLE tokens DROP COLUMN scopes;
ALTER TABLE tokens DROP COLUMN name;
ALTER TABLE apps DROP COLUMN scopes;
ALTER TABLE links ADD COLUMN linked_by TEXT NOT NULL DEFAULT '';
UPDATE links SET linked_by = linked_by_kind || ' ' || COALESCE(linked_by_id, '');
ALTER TABLE links DROP COLUMN linked_by_id;
ALTER TABLE links DROP COLUMN linked_by_kind;

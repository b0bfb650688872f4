-- Kept in lockstep with the SQLite folder.

-- Since when rows of a company that is being removed are deleted: until then its removal can be cancelled, and an export
-- of it is whole.
ALTER TABLE companies ADD COLUMN deleting_at TIMESTAMP;

-- Whether a connection was paused before the removal of its company paused it; null where none does.
ALTER TABLE connections ADD COLUMN paused_before BOOLEAN;

-- Kept in lockstep with the SQLite folder.

-- Since when a company is being removed: nothing of it is written any more, until it is gone.
ALTER TABLE companies ADD COLUMN closing_at TIMESTAMP;

-- Kept in lockstep with the PostgreSQL folder.

-- Since when a company is being removed: nothing of it is written any more, until it is gone.
ALTER TABLE companies ADD COLUMN closing_at TIMESTAMP;

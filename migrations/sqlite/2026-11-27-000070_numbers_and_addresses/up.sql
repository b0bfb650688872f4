-- Kept in lockstep with the PostgreSQL folder.

-- What people know a record by, and where somebody works.
ALTER TABLE records ADD COLUMN number TEXT;
ALTER TABLE records ADD COLUMN department TEXT;
-- JSON: an address and a description. Nobody's home is held, so employees have none.
ALTER TABLE records ADD COLUMN details TEXT CHECK (details IS NULL OR list = 'customer');
ALTER TABLE profiles ADD COLUMN details TEXT CHECK (details IS NULL OR list = 'customer');

-- Each list that came whole is read whole once more, at the next occasion: a delta would bring the new values of nobody
-- who does not change.
UPDATE lists SET last_full_at = '1970-01-01 00:00:00' WHERE last_full_at IS NOT NULL;

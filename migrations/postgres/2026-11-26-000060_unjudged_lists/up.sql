-- Kept in lockstep with the SQLite folder.

-- Since when nobody of a list can be marked absent, and why: it outlives the run that said so. Only a judgement of the
-- same reach ends it: the whole list where `unjudged_full`, else a delta as well.
ALTER TABLE lists ADD COLUMN unjudged_at TIMESTAMP;
ALTER TABLE lists ADD COLUMN unjudged_full BOOLEAN;
ALTER TABLE lists ADD COLUMN unjudged_code TEXT;
ALTER TABLE lists ADD COLUMN unjudged_detail TEXT;
ALTER TABLE lists ADD COLUMN unjudged_remedy TEXT;

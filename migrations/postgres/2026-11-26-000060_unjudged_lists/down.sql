ALTER TABLE lists DROP COLUMN unjudged_remedy;
ALTER TABLE lists DROP COLUMN unjudged_detail;
ALTER TABLE lists DROP COLUMN unjudged_code;
ALTER TABLE lists DROP COLUMN unjudged_full;
ALTER TABLE lists DROP COLUMN unjudged_at;

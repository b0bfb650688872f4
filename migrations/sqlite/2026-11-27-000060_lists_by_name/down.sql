DROP INDEX links_by_name;
CREATE INDEX links_by_app ON links (app_id);
ALTER TABLE links DROP COLUMN sort_name;
DROP INDEX records_inactive;
DROP INDEX records_absent;
CREATE INDEX records_absent ON records (connection_id, list) WHERE absent_at IS NOT NULL;
DROP INDEX records_by_name;
CREATE INDEX records_by_name ON records (company_id, list, sort_name, id);

-- Kept in lockstep with the SQLite folder. What is looked up or deleted by a reference is found by an index.

CREATE INDEX app_companies_by_company ON app_companies (company_id);
CREATE INDEX links_by_app ON links (app_id);
CREATE INDEX links_by_connection ON links (connection_id);
CREATE INDEX profiles_by_company ON profiles (company_id);
CREATE INDEX runs_by_company ON runs (company_id);
CREATE INDEX tokens_by_app ON tokens (app_id);
CREATE INDEX qbwc_sessions_by_connection ON qbwc_sessions (connection_id);
-- Those that have ended, by when: the sweep forgets the oldest.
CREATE INDEX qbwc_sessions_by_end ON qbwc_sessions (ended_at);

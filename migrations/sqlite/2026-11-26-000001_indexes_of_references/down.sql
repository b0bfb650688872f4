DROP INDEX qbwc_sessions_by_end;
DROP INDEX qbwc_sessions_by_connection;
DROP INDEX tokens_by_app;
DROP INDEX runs_by_company;
DROP INDEX profiles_by_company;
DROP INDEX links_by_connection;
DROP INDEX links_by_app;
DROP INDEX app_companies_by_company;

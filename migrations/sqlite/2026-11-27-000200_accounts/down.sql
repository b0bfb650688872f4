DROP TABLE one_time_links;
DROP TABLE account_tokens;
DROP TABLE account_sessions;
DROP TABLE account_companies;
DROP TABLE accounts;

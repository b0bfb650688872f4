DROP TABLE connection_accounts;
DROP TABLE account_secrets;
DROP TABLE quicklinks;

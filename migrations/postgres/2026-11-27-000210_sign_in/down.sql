ALTER TABLE accounts DROP COLUMN short_password;
ALTER TABLE accounts DROP COLUMN own_email;
DROP TABLE used_oidc_states;
DROP TABLE account_identities;
DROP TABLE recovery_codes;
DROP TABLE totp_offers;
DROP TABLE sign_in_tries;
DROP TABLE gateway_keys;

-- Kept in lockstep with the PostgreSQL folder. How people prove who they are, and how fast others may guess.

-- Keys of the gateway itself, sealed with the key that is not in the database.
CREATE TABLE gateway_keys (
    name TEXT NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES secret_keys (id),
    sealed BLOB NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

CREATE INDEX gateway_keys_by_key ON gateway_keys (key_id);

-- Tries to sign in that failed, counted by address, account, browser and second factor. The key is a hash of what is
-- counted.
CREATE TABLE sign_in_tries (
    id BLOB NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at TIMESTAMP NOT NULL,
    -- No try is taken before then.
    free_at TIMESTAMP NOT NULL,
    -- From then on the row says nothing any more.
    expires_at TIMESTAMP NOT NULL
);

CREATE INDEX sign_in_tries_by_expiry ON sign_in_tries (expires_at);

-- A second factor that was offered to a person, who has not shown a code of it yet.
CREATE TABLE totp_offers (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- Codes for a lost second factor. One that was used is gone.
CREATE TABLE recovery_codes (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (account_id, code_hash)
);

-- Which account a person at an identity provider is: by the provider's own ID for the person, for ever.
CREATE TABLE account_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (issuer, subject)
);

-- An account has one identity at a provider.
CREATE UNIQUE INDEX account_identities_by_account ON account_identities (account_id, issuer);

-- Answers of identity providers that were used: each counts once.
CREATE TABLE used_oidc_states (
    state_hash BLOB NOT NULL PRIMARY KEY,
    expires_at TIMESTAMP NOT NULL
);

-- The owner has written the e-mail, and nobody has looked whether it is theirs: no identity provider leads to the account
-- by it.
ALTER TABLE accounts ADD COLUMN own_email BOOLEAN NOT NULL DEFAULT FALSE;

-- The password is too short to be the only proof.
ALTER TABLE accounts ADD COLUMN short_password BOOLEAN NOT NULL DEFAULT FALSE;

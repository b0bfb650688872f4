-- Kept in lockstep with the PostgreSQL folder. Links that open one company's lists without a sign-in, and what people
-- have at sources.

CREATE TABLE quicklinks (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    -- On whose behalf it opens anything: it works only while that account sees the company.
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
    -- The app that it acts for; null where the bearer chooses.
    app_id TEXT REFERENCES apps (id) ON DELETE CASCADE,
    -- The connection that it opens with.
    connection_id TEXT REFERENCES connections (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP,
    -- How often it was opened, and when last.
    uses BIGINT NOT NULL,
    last_used_at TIMESTAMP
);

CREATE INDEX quicklinks_by_account ON quicklinks (account_id);
CREATE INDEX quicklinks_by_company ON quicklinks (company_id);
CREATE INDEX quicklinks_by_app ON quicklinks (app_id);
CREATE INDEX quicklinks_by_connection ON quicklinks (connection_id);

-- What sources want to know of a person: sealed, and bound to its row, as the secrets of connections are. A name is the
-- kind of source, a dot, and what the secret is called there.
CREATE TABLE account_secrets (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    key_id TEXT NOT NULL REFERENCES secret_keys (id),
    sealed BLOB NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (account_id, name)
);

CREATE INDEX account_secrets_by_key ON account_secrets (key_id);

-- The connections that use an account's credentials in place of their own.
CREATE TABLE connection_accounts (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES accounts (id)
);

CREATE INDEX connection_accounts_by_account ON connection_accounts (account_id);

-- Kept in lockstep with the PostgreSQL folder. The people who sign in to the gateway.

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    -- As it was given.
    email TEXT NOT NULL,
    -- The same, folded: two that differ by their case only are one.
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- account-admin, user
    role TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    -- PHC; null where nobody has set one.
    password_hash TEXT,
    password_changed_at TIMESTAMP,
    -- The secret of the second factor, and the last of its steps that was used.
    totp_sealed BLOB,
    totp_last_step BIGINT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- The companies that a user sees; an account-admin sees all, and has no row here.
CREATE TABLE account_companies (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    company_id TEXT NOT NULL REFERENCES companies (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, company_id)
);

CREATE INDEX account_companies_by_company ON account_companies (company_id);

-- One row a browser that is signed in. Which of them have ended follows from the times.
CREATE TABLE account_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- Of the secret in the cookie.
    secret_hash BLOB NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    -- To the minute, or less often.
    last_seen_at TIMESTAMP NOT NULL,
    -- When the person has proved last who it is.
    authenticated_at TIMESTAMP NOT NULL,
    -- How: see the words of the code.
    method TEXT NOT NULL,
    address TEXT,
    user_agent TEXT
);

CREATE INDEX account_sessions_by_account ON account_sessions (account_id);

-- Tokens with which a program acts as an account, within scopes.
CREATE TABLE account_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL UNIQUE,
    name TEXT,
    scopes TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP,
    -- To the minute, or less often.
    last_used_at TIMESTAMP
);

CREATE INDEX account_tokens_by_account ON account_tokens (account_id);

-- Links that work once: to set the gateway up, and to choose another password.
CREATE TABLE one_time_links (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    -- set_up, reset
    purpose TEXT NOT NULL,
    -- Whose password is chosen; null for a link that makes the first account.
    account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

CREATE INDEX one_time_links_by_account ON one_time_links (account_id);

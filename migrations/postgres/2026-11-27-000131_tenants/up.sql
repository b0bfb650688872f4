-- Differs from the other folder: how a member of a JSON text is read.
-- Kept in lockstep with the SQLite folder.

-- What the source calls the tenant whose lists are staged: by it a webhook finds its connections where one address is for
-- all of the vendor's tenants.
ALTER TABLE connections ADD COLUMN tenant TEXT;
UPDATE connections SET tenant = lower(settings::json ->> 'company_id') WHERE kind = 'connectwise';
CREATE INDEX connections_by_tenant ON connections (kind, tenant);

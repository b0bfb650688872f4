-- Kept in lockstep with the PostgreSQL folder.

-- Set when a connection was deleted: nobody sees it from then on, and what was staged of it goes in small steps.
ALTER TABLE connections ADD COLUMN deleted_at TIMESTAMP;
CREATE INDEX connections_deleted ON connections (id) WHERE deleted_at IS NOT NULL;

-- Set while an approval still marks: how many it has not come to, at most.
ALTER TABLE runs ADD COLUMN to_mark BIGINT;
CREATE INDEX runs_to_mark ON runs (id) WHERE to_mark IS NOT NULL;

DROP VIEW staged_employees;
DROP VIEW staged_customers;

CREATE VIEW staged_employees AS
    SELECT id, company_id, connection_id, external_id, name, first_name, middle_name, last_name, email, phone, job_title,
           active, hired_on, released_on, absent_at IS NOT NULL AS absent, absent_at, version, created_at, updated_at
    FROM records WHERE list = 'employee'
        AND connection_id NOT IN (SELECT id FROM connections WHERE deleted_at IS NOT NULL);

CREATE VIEW staged_customers AS
    SELECT id, company_id, connection_id, external_id, name, full_name, company_name, first_name, middle_name, last_name,
           email, phone, job_title, parent_external_id, sublevel, active, absent_at IS NOT NULL AS absent, absent_at,
           version, created_at, updated_at
    FROM records WHERE list = 'customer'
        AND connection_id NOT IN (SELECT id FROM connections WHERE deleted_at IS NOT NULL);

DROP VIEW staged_employees;
DROP VIEW staged_customers;

CREATE VIEW staged_employees AS
    SELECT id, company_id, connection_id, external_id, name, first_name, middle_name, last_name, email, phone, job_title,
           active, hired_on, released_on, releases_on, absent_at IS NOT NULL AS absent, absent_at, version, created_at, updated_at
    FROM records WHERE list = 'employee'
        AND connection_id NOT IN (SELECT id FROM connections WHERE deleted_at IS NOT NULL);

CREATE VIEW staged_customers AS
    SELECT id, company_id, connection_id, external_id, name, full_name, company_name, first_name, middle_name, last_name,
           email, phone, job_title, parent_external_id, sublevel, active, absent_at IS NOT NULL AS absent, absent_at,
           version, created_at, updated_at
    FROM records WHERE list = 'customer'
        AND connection_id NOT IN (SELECT id FROM connections WHERE deleted_at IS NOT NULL);

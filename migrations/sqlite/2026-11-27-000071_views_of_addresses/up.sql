-- Differs from the other folder: each engine has its own words for what is inside JSON. The views have the same columns.

DROP VIEW staged_employees;
DROP VIEW staged_customers;

CREATE VIEW staged_employees AS
    SELECT id, company_id, connection_id, external_id, name, first_name, middle_name, last_name, email, phone, job_title,
           active, hired_on, released_on, releases_on, absent_at IS NOT NULL AS absent, absent_at, version, created_at,
           updated_at, number, department
    FROM records WHERE list = 'employee'
        AND connection_id NOT IN (SELECT id FROM connections WHERE deleted_at IS NOT NULL);

-- The lines of an address stand below each other, in one text.
CREATE VIEW staged_customers AS
    SELECT id, company_id, connection_id, external_id, name, full_name, company_name, first_name, middle_name, last_name,
           email, phone, job_title, parent_external_id, sublevel, active, absent_at IS NOT NULL AS absent, absent_at,
           version, created_at, updated_at, number, department,
           json_extract(details, '$.description') AS description,
           (SELECT group_concat(value, char(10)) FROM (
               SELECT value FROM json_each(details, '$.address.lines') ORDER BY key)) AS address_lines,
           json_extract(details, '$.address.city') AS city,
           json_extract(details, '$.address.region') AS region,
           json_extract(details, '$.address.postal_code') AS postal_code,
           json_extract(details, '$.address.country') AS country
    FROM records WHERE list = 'customer'
        AND connection_id NOT IN (SELECT id FROM connections WHERE deleted_at IS NOT NULL);

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
           details::json ->> 'description' AS description,
           (SELECT string_agg(line.value, chr(10) ORDER BY line.ordinality)
               FROM json_array_elements_text(details::json #> '{address,lines}') WITH ORDINALITY AS line (value, ordinality)) AS address_lines,
           details::json #>> '{address,city}' AS city,
           details::json #>> '{address,region}' AS region,
           details::json #>> '{address,postal_code}' AS postal_code,
           details::json #>> '{address,country}' AS country
    FROM records WHERE list = 'customer'
        AND connection_id NOT IN (SELECT id FROM connections WHERE deleted_at IS NOT NULL);

-- Kept in lockstep with the PostgreSQL folder.

-- The jobs of a customer, found when it is renamed.
CREATE INDEX records_by_parent ON records (connection_id, list, parent_external_id)
    WHERE parent_external_id IS NOT NULL;

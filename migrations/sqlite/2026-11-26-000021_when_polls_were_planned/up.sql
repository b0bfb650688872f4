-- Kept in lockstep with the PostgreSQL folder.

-- When `next_at` was decided: a clock that was ahead then must not keep the connection silent when it is set right.
ALTER TABLE polls ADD COLUMN planned_at TIMESTAMP;

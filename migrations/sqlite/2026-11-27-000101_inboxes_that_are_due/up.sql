-- Kept in lockstep with the PostgreSQL folder.

-- Which connections have messages that are due is asked all the time: it is found without looking at each message.
DROP INDEX inbox_due;
CREATE INDEX inbox_due ON inbox (connection_id, next_at) WHERE state = 'pending';

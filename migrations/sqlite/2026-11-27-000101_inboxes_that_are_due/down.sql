DROP INDEX inbox_due;
CREATE INDEX inbox_due ON inbox (next_at) WHERE state = 'pending';

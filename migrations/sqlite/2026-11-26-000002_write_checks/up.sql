-- Kept in lockstep with the PostgreSQL folder. One row that is written to see whether the database can be.

CREATE TABLE write_checks (
    id INTEGER NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL
);
INSERT INTO write_checks (id, count) VALUES (1, 0);

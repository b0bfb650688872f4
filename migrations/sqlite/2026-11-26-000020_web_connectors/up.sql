-- Kept in lockstep with the PostgreSQL folder.

-- When the Web Connector last signed in with the password that counts now.
ALTER TABLE desktop_files ADD COLUMN signed_in_at TIMESTAMP;
-- How often a session was replaced while its Web Connector still called, and when last: there are two of them.
ALTER TABLE desktop_files ADD COLUMN rivals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE desktop_files ADD COLUMN rival_at TIMESTAMP;
-- The company file was forgotten: the next FileID that is shown is taken.
ALTER TABLE desktop_files ADD COLUMN any_file_id BOOLEAN NOT NULL DEFAULT FALSE;
-- A file with the right FileID, another name and path, and other people: until somebody says that it is the same company.
ALTER TABLE desktop_files ADD COLUMN doubted_name TEXT;
ALTER TABLE desktop_files ADD COLUMN doubted_path TEXT;

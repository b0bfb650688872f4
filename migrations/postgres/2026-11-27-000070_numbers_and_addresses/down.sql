ALTER TABLE profiles DROP COLUMN details;
ALTER TABLE records DROP COLUMN details;
ALTER TABLE records DROP COLUMN department;
ALTER TABLE records DROP COLUMN number;

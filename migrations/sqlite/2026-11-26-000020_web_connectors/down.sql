ALTER TABLE desktop_files DROP COLUMN signed_in_at;
ALTER TABLE desktop_files DROP COLUMN rivals;
ALTER TABLE desktop_files DROP COLUMN rival_at;
ALTER TABLE desktop_files DROP COLUMN any_file_id;
ALTER TABLE desktop_files DROP COLUMN doubted_name;
ALTER TABLE desktop_files DROP COLUMN doubted_path;

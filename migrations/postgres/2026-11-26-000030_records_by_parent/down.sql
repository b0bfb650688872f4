DROP INDEX records_by_parent;

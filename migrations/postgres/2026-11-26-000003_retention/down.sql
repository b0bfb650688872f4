DROP INDEX record_versions_by_age;
DROP TABLE pruned;

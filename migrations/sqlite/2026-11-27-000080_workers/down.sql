DROP TABLE workers;
DROP TABLE duties;

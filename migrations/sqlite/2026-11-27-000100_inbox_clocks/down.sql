DROP TABLE inbox_clocks;

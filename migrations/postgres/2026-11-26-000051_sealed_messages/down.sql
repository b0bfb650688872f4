DROP TABLE sealed_messages;

"""The status of a study's jobs, read from the files that they leave; nothing is written or locked."""

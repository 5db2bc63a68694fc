"""What has become of each job of a study, read from what jobs leave behind; nothing is written or locked."""

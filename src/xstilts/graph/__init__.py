"""The job graph of a study: its jobs, what determines their results, where their files are, and which are done."""

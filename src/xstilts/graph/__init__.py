"""The job graph of a study: jobs, what determines their results, where files lie, and what has become of each job."""

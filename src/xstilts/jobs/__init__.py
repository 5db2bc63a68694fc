"""One module per kind of rule: what a job reads, does and writes. The command line and the rules call these."""

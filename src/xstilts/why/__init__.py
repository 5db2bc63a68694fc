"""Why Snakemake would run jobs again: its plan, the root causes of each job, and the cells concerned."""

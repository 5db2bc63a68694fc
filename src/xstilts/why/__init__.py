"""Why Snakemake would run what it would run: the plan, each job's root causes, and sentences about cells."""

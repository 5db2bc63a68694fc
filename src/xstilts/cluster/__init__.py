"""A cluster with SLURM: what it has and allows, and what a study's jobs will ask it for. Nothing is submitted."""

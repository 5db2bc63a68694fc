# Input functions that need Snakemake.


def by_content(paths):
    """Have Snakemake ignore the dates of files that no rule makes: their checksums are in the run specs."""
    return [
        ancient(path) if str(path) in RUNS.study.contents else path for path in paths
    ]

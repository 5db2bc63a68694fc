#!/bin/sh
# Snakemake runs this in the environment that it has made of xstilts.yaml, which has the packages of XSTILTs 0.1.0, not
# XSTILTs itself. Its version stands here because Snakemake makes another environment when this file has changed.
exec "$XSTILTS_PYTHON" -m xstilts.cli.conda "$(command -v python)"

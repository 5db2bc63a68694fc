# A transfer study. What there is to do follows from its config alone; what the rules run is in src/xstilts.
import gc
import os
from pathlib import Path
from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")
gc.set_threshold(200_000)  # looking for garbage would be a tenth of planning
from xstilts.config.available import check_models, without_missing
from xstilts.config.study import load, load_file
from xstilts.config.yaml_files import refuse_repeated_keys
from xstilts.errors import UserError
from xstilts.graph.contents import freeze, planned
from xstilts.graph.paths import MODELS
from xstilts.graph.runs import INTERMEDIATE, RETRIEVAL, Runs
from xstilts.graph.specs import Specs

# A study file given with --configfile replaces the default study; --config overrides single values of either.
if not workflow.configfiles:

    configfile: "config.yaml"


# A cluster's jobs read this file again when they start. They go by the study that they were planned with, whatever has
# become of the config since.
try:
    if workflow.is_main_process:
        for path in workflow.configfiles:
            refuse_repeated_keys(path)
        study = without_missing(load(config))
        check_models(study)
        RUNS = Runs(planned(study))
    else:
        RUNS = Runs(load_file(Path(os.environ["XSTILTS_STUDY"])))
except UserError as error:
    raise WorkflowError(str(error)) from None

PATHS, SPECS = RUNS.paths, Specs(RUNS)
os.environ["XSTILTS_STUDY"] = str(RUNS.frozen)
# The study's file as a param of rules. Another study is in itself no reason to run a job again: Snakemake does not compare
# params that are made from resources.
FROZEN = lambda wildcards, resources: str(RUNS.frozen)


envvars:
    "XSTILTS_STUDY",


# Nothing is written before: a dry run, or a run that finds another one at work, leaves the study as it is.
onstart:
    freeze(RUNS)


# No training set has the names that stand in for one, so Snakemake need not weigh finetune against the other two rules.
wildcard_constraints:
    model="[a-z0-9][a-z0-9_-]*",
    arm="[a-z0-9][a-z0-9_-]*",
    task="[a-z0-9_]+",
    training_set=rf"(?!{INTERMEDIATE}\b|{RETRIEVAL}\b)[a-z0-9_]+",
    seed=r"\d+",
    snapshot="[\\w.-]+--[0-9a-f]{40}",


# After a run in which a job has failed: tables and a report of what there is, which say what is missing and why.
onerror:
    shell("xstilts partial --study {RUNS.frozen} || true")


include: "workflow/rules/prefetch.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/results.smk"
include: "workflow/rules/submission.smk"


rule all:
    default_target: True
    input:
        scores=PATHS.scores,
        tables=rules.tables.output,
        figures=rules.figures.output,
        submission=rules.submission.output,
        report=rules.report.output,

# A transfer study. What there is to do follows from its config alone; what the rules run is in src/xstilts.
import gc
import os
from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")
gc.set_threshold(200_000)  # looking for garbage would be a tenth of planning
from xstilts.checks.plan import plan
from xstilts.errors import UserError
from xstilts.graph.paths import MODELS, TRANSLATORS
from xstilts.graph.runs import INTERMEDIATE, RETRIEVAL, Runs
from xstilts.graph.specs import Specs
from xstilts.graph.storage import Storage

# A study file given with --configfile replaces the default study; --config overrides single values of either.
if not workflow.configfiles:

    configfile: "config.yaml"


STUDY = "" if workflow.is_main_process else os.environ["XSTILTS_STUDY"]
STORAGE = Storage.of_workflow(workflow)
try:
    RUNS = plan(config, workflow.configfiles, STUDY and STORAGE.fetched(STUDY))
    STORAGE.refuse(RUNS, workflow.remote_exec)
except UserError as error:
    raise WorkflowError(str(error)) from None

PATHS, SPECS = RUNS.paths, Specs(RUNS)


# No training set has the names that stand in for one, so Snakemake need not weigh finetune against the other two rules.
wildcard_constraints:
    model="[a-z0-9][a-z0-9_-]*",
    arm="[a-z0-9][a-z0-9_-]*",
    task=r"(?!complete\b)[a-z0-9_]+",  # data/complete is the mark of the rule prepared
    training_set=rf"(?!{INTERMEDIATE}\b|{RETRIEVAL}\b)[a-z0-9_]+",
    seed=r"\d+",
    snapshot="[\\w.-]+--[0-9a-f]{40}",


include: "workflow/rules/frozen.smk"
include: "workflow/rules/prefetch.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/translation.smk"
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

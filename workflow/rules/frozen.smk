# The study as it is planned: what jobs read, when it is written, and what becomes of a run that fails.
import sys
from xstilts.cli import conda
from xstilts.cli.environment import FOLDER
from xstilts.cli.forkserver.sharing import share_imports
from xstilts.graph.contents import freeze
from xstilts.runtime import heads

os.environ["XSTILTS_STUDY"] = str(RUNS.frozen)
os.environ[conda.PYTHON] = sys.executable
if STORAGE:
    os.environ[FOLDER] = str(STORAGE.folder)

    localrules:
        prepare,
        text,


if workflow.is_main_process:
    os.environ[heads.VARIABLE] = heads.new_id()
# Read now: the executor for SLURM deletes SLURM's variables before a run starts.
SLURM_JOB = heads.slurm_job(os.environ)
# Snakemake does not compare params that are made from resources: another study alone is no reason to run a job again.
FROZEN = lambda wildcards, resources: str(RUNS.frozen)


envvars:
    "XSTILTS_STUDY",
    heads.VARIABLE,


# Nothing is written before: a dry run, or a run that finds another one at work, leaves the study as it is.
onstart:
    freeze(RUNS)
    STORAGE.put_study(RUNS)
    if not workflow.local_exec:
        run_uuid = getattr(workflow.scheduler._executor, "run_uuid", "")
        STORAGE.begin(RUNS, run_uuid, SLURM_JOB)
    share_imports(workflow.local_exec, RUNS.study.compute.cpu_kernels)


onsuccess:
    STORAGE.leave(RUNS)


# After a run in which a job has failed: tables and a report of what there is, which say what is missing and why.
onerror:
    STORAGE.leave(RUNS)
    if not STORAGE:
        shell("xstilts partial --study {RUNS.frozen} || true")

"""Run the jobs that use a GPU. A GPU is leased before anything imports torch, so imports of it are inside functions."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from xstilts.atomic import write_text
from xstilts.encoders.weights import weights_file
from xstilts.graph.contents import refuse_changed
from xstilts.graph.jobs import Job
from xstilts.graph.runs import Runs
from xstilts.graph.specs import Spec, Specs, check_planned
from xstilts.runtime.cpu import choose_kernels
from xstilts.runtime.execution import Execution, ProgressCallback, execute
from xstilts.runtime.gpu_leases import gpus_to_lease, lease_gpu
from xstilts.runtime.signals import StopRequest
from xstilts.runtime.together import Member, work_together
from xstilts.runtime.tracking import Tracking

if TYPE_CHECKING:
    from xstilts.training.session import Session

logger = logging.getLogger(__name__)


def run_job(runs: Runs, job: Job, threads: int, planned_run: str = "") -> None:
    """Run a job that trains or scores, from its newest checkpoint if it has one.

    Args:
        runs: The jobs of the study.
        job: The job to run.
        threads: CPU threads.
        planned_run: The id of the run that the job was planned as; not checked if empty.

    Raises:
        Diverged: The run has diverged, now or in an earlier attempt on the same inputs.
        Stopped: The process was asked to stop.
        UserError: The study or the code has changed since the job was planned, or a file that it reads is missing.
    """
    if runs.study.warning:
        logger.warning(runs.study.warning)
    spec, paths, compute = Specs(runs).of(job), runs.paths, runs.study.compute
    run = spec["id"]
    check_planned(spec, planned_run)
    logger.info("Run %s", run)
    choose_kernels(compute.cpu_kernels)
    reads = runs.reads(job)
    refuse_changed(runs, reads)

    gpus = runs.gpus(job.rule, job.model)

    def work(stop: StopRequest, inputs: str, on_progress: ProgressCallback) -> None:
        if gpus == 1:
            _work(runs, job, spec, threads, inputs, stop, on_progress)
        else:
            part = partial(_work_as_member, runs, job, spec, max(1, threads // gpus), inputs)
            work_together(gpus, part, stop, on_progress)

    attempts, makes = job.attempts(paths), job.makes(paths)
    shared, kept, by_mps = _jobs_per_gpu(runs) if gpus == 1 else 1, _kept(runs, job, run), compute.mps == "auto"
    execute(Execution(run, reads, makes, attempts, runs.checkpoints, shared, kept, by_mps, gpus), work)


def _kept(runs: Runs, job: Job, run: str) -> Path | None:
    """Where the job's results are kept, if it runs on SLURM and makes scores.

    Of an encoder Snakemake would delete no more than the record, while the rest is too large to be kept twice.
    """
    return runs.paths.kept / run if "SLURM_JOB_ID" in os.environ and not job.makes_encoder else None


def run_similarity(runs: Runs, threads: int) -> None:
    """Measure the similarity of tasks. It takes minutes, so it has neither attempts nor checkpoints."""
    refuse_changed(runs, runs.compared())
    choose_kernels(runs.study.compute.cpu_kernels)
    with _leased_gpu(runs):
        from xstilts.jobs import similarity

        similarity.similarity(runs, threads)


def run_translation(runs: Runs, task: str, language: str, threads: int) -> None:
    """Translate a task's training data. What a killed job has translated is on disk, so it needs no checkpoints."""
    refuse_changed(runs, [weights_file(runs.translators()[language])])
    choose_kernels(runs.study.compute.cpu_kernels)
    with _leased_gpu(runs):
        from xstilts.jobs import translate

        translate.translate(runs, task, language, threads)


def _leased_gpu(runs: Runs) -> AbstractContextManager[str]:
    """A GPU, shared as the study says, of a job without attempts."""
    return lease_gpu(_jobs_per_gpu(runs), use_mps=runs.study.compute.mps == "auto")


def _jobs_per_gpu(runs: Runs) -> int:
    """How many jobs may share a GPU: what the study says, or by its largest job and the memory of the GPUs here."""
    asked = runs.study.compute.jobs_per_gpu
    if asked != "auto":
        return asked
    gpus = gpus_to_lease()
    if not gpus:
        return 1
    from xstilts.planning.sharing import sharing_on

    jobs, reason = sharing_on(runs, (gpu.model for gpu in gpus))
    logger.info("compute.jobs_per_gpu is auto: %s.", reason)
    return jobs


def _tracking(runs: Runs, job: Job, run: str) -> Tracking | None:
    """Where the job's learning curves go while it trains; None where the study does not ask for it."""
    kind = runs.study.tracking
    if kind == "off":
        return None
    shared, facts = runs.paths.tracking, {**job._asdict(), "run": run}
    return Tracking(kind, runs.study.study, str(job), run, runs.paths.tracked(job, run), shared, facts)


def _work_as_member(
    runs: Runs,
    job: Job,
    spec: Spec,
    threads: int,
    inputs: str,
    member: Member,
    stop: StopRequest,
    on_progress: ProgressCallback,
) -> None:
    """Do a job's work as one of several processes, of which the first has the job's files."""
    from xstilts.training import ranks
    from xstilts.training.session import Session

    with ranks.joined(member.meeting, member.number, member.count):
        if member.number == 0:
            _work(runs, job, spec, threads, inputs, stop, on_progress)
        else:
            _train_or_score(runs, job, spec, threads, Session(stop, on_progress=on_progress))


def _work(
    runs: Runs, job: Job, spec: Spec, threads: int, inputs: str, stop: StopRequest, on_progress: ProgressCallback
) -> None:
    """Do a job's work, from its newest checkpoint if it has one."""
    from xstilts.training.checkpoints import Checkpoints
    from xstilts.training.session import Session

    checkpoints = Checkpoints(runs.checkpoints / spec["id"], inputs, runs.study.compute.checkpoint_minutes)
    tracking, paths = _tracking(runs, job, spec["id"]), runs.paths
    if job.makes_encoder:
        job.record_apart(paths).unlink(missing_ok=True)
    try:
        _train_or_score(runs, job, spec, threads, Session(stop, checkpoints, on_progress, tracking))
    finally:
        if tracking:
            tracking.close()
    if job.makes_encoder:
        write_text(job.record_apart(paths), job.record(paths).read_text(encoding="utf-8"))
    checkpoints.clear()


def _train_or_score(runs: Runs, job: Job, spec: Spec, threads: int, session: Session) -> None:
    model, arm, training_set, seed = job
    if job.rule == "retrieve":
        from xstilts.jobs import retrieval

        retrieval.retrieve(runs, spec, model, arm, seed, threads, session)
        return
    from xstilts.jobs import training

    match job.rule:
        case "pretrain":
            training.pretrain(runs, spec, model, threads, session)
        case "intermediate":
            training.intermediate(runs, spec, model, arm, seed, threads, session)
        case "finetune":
            training.finetune(runs, spec, model, arm, training_set, seed, threads, session)

"""The sections on what was run: counts, missing scores, run times, software, models and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

import pandas as pd

from xstilts.config.factors import Stage
from xstilts.config.study import Study
from xstilts.graph.failures import Failure, told, when
from xstilts.graph.jobs import Job
from xstilts.graph.runs import evaluation_of
from xstilts.report.coverage import condensed_rows, evaluation_counts
from xstilts.report.data_table import licence_of, roles_of, source_of
from xstilts.report.page.content import LEFT_OUT
from xstilts.report.page.view import HtmlTable, number_text, text_table
from xstilts.scores.flags import flagged_jobs
from xstilts.scores.gains import arms_of, by_language, targets_of
from xstilts.scores.labels import arm_label
from xstilts.tasks.languages import ENGLISH
from xstilts.wording import counted, duration, listed

_JOBS = {
    "pretrain": "pretraining",
    "intermediate": "intermediate training",
    "finetune": "fine-tuning and scoring",
    "retrieve": "retrieval",
}
_ANALYSED_WITH = ("pandas", "numpy", "scipy", "altair")


def run_summary(scores: pd.DataFrame, study: Study) -> str:
    """Return the size of the study, and how much of it is done, in words."""
    counts = evaluation_counts(scores, study)[["planned", "done", "partly"]].sum()
    size = [
        counted(len(study.models), "model"),
        counted(len(study.arms), "arm"),
        counted(len(study.targets), "target task"),
        counted(len(study.seeds), "seed"),
    ]
    splits = f", {listed(study.splits)} split" + "s" * (len(study.splits) > 1)
    planned, done, partly = (int(counts[name]) for name in ("planned", "done", "partly"))
    rest = [f"{partly:,} scored in some languages only"] * (partly > 0)
    rest += [f"{planned - done - partly:,} missing"] * (planned > done + partly)
    state = "all of them scored" if done == planned else f"{done:,} scored, {listed(rest)}"
    return f"{' × '.join(size)}{splits}: {counted(planned, 'evaluation')} planned, {state}."


def arms_table(study: Study) -> HtmlTable:
    """Build the table of arms: what each does before the target task."""
    rows = []
    for arm in arms_of(study):
        settings = study.arms[arm]
        start = "random weights" if settings.weights == "random" else "the pretrained encoder"
        stages = [listed(_trained_on(stage, study)) for stage in settings.sequence]
        trained = ", then ".join(stages) or "nothing"
        rows.append([arm_label(arm, study), start, trained])
    return text_table("The arms", ["arm", "starts from", "trained on"], rows)


def _trained_on(stage: Stage, study: Study) -> list[str]:
    """The tasks of a stage, and its text with the share of the steps that are on it."""
    named = [(task, code) for task in stage.tasks for code in stage.languages]
    tasks = [study.title_of(study.training_data(task, code)) + _language(study, task, code) for task, code in named]
    if stage.masked_lm is None:
        return tasks
    share = f" in {stage.text_share:.0%} of the steps" if tasks else ""
    return [*tasks, f"masked LM on {study.title_of(stage.masked_lm.task)}{share}"]


def _language(study: Study, task: str, code: str) -> str:
    """The language of training data from files that is not English; the titles of translations have it already."""
    if code == ENGLISH or study.training_data(task, code) != task:
        return ""
    return f" in {study.language_table()[code].name}"


def missing_table(missing: pd.DataFrame, study: Study) -> HtmlTable | None:
    """Build the table of missing scores; None if nothing is missing but what :func:`flagged_table` lists."""
    if len(missing):
        missing = missing[~missing["reason"].str.startswith(LEFT_OUT)]
    rows = condensed_rows(missing, study)
    header = ["model", "arm", "target", "split", "seed", "languages", "why"]
    return text_table("Missing scores", header, [row.values() for row in rows]) if rows else None


def flagged_table(flagged: pd.DataFrame, study: Study) -> HtmlTable | None:
    """Build the table of the targets of runs that have not learnt their training set; None if all have."""
    means = by_language(flagged, study).groupby(["model", "arm", "target", "split", "seed"])["score"].mean()
    flags = flagged_jobs(flagged, study)
    rows = []
    for model, arm, target, split, seed, score in means.reset_index().itertuples(index=False, name=None):
        flag = flags[Job(model, arm, evaluation_of(study, target), seed)]
        rows.append((model, arm_label(arm, study), study.title_of(target), split, seed, number_text(score), flag))
    header = ["model", "arm", "target", "split", "seed", "score", "why it is excluded"]
    return text_table("Scores of runs that have not learnt their training set", header, rows) if rows else None


def attempts_table(failure: Failure) -> HtmlTable | None:
    """Build the table of a job's attempts, the newest first; None if there are no records of them."""
    rows = [
        (
            when(attempt.started),
            when(attempt.updated),
            f"{attempt.host}, SLURM job {attempt.slurm_job}" if attempt.slurm_job else attempt.host,
            f"{attempt.step:,} of {attempt.total:,}" if attempt.total else attempt.stage,
            told(attempt),
        )
        for attempt in reversed(failure.attempts)
    ]
    header = ["started", "last update", "where", "step", "outcome"]
    return text_table("Attempts", header, rows) if rows else None


def split_notes(study: Study) -> list[str]:
    """Return sentences about targets whose release lacks one of the study's splits."""
    return [
        f"{study.title_of(target)}: the release has no {split} split"
        + ("; its test split is used instead." if not set(study.splits_of(target)) <= set(study.splits) else ".")
        for target in targets_of(study)
        for split in study.splits
        if split not in study.splits_of(target)
    ]


def times_table(records: Sequence[Mapping[str, Any]]) -> HtmlTable | None:
    """Build the table of run times by kind of job and hardware; None if there are no records."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for record in records:
        job = str(record.get("spec", {}).get("job", "unknown"))
        hardware = record.get("hardware", {})
        where = ", ".join(str(hardware[key]) for key in ("device", "precision") if hardware.get(key))
        seconds.setdefault((job, where or "unknown"), []).append(float(record.get("seconds") or 0))
    order = [*_JOBS, *sorted({job for job, _ in seconds} - set(_JOBS))]
    rows = [
        [_JOBS.get(job, job), str(len(times)), where, duration(median(times)), duration(sum(times))]
        for (job, where), times in sorted(seconds.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    ]
    header = ["job", "runs recorded", "on", "median", "total"]
    return text_table("Run times", header, rows) if rows else None


def software_table(records: Sequence[Mapping[str, Any]], commit: str) -> HtmlTable:
    """Build the table of software: every version that jobs ran with, and the versions of this analysis."""
    versions: dict[str, set[str]] = {}
    for record in records:
        for name, number in record.get("software", {}).items():
            versions.setdefault(str(name), set()).add(str(number))
    rows = [[name, ", ".join(sorted(numbers)), "jobs"] for name, numbers in sorted(versions.items())]
    rows += [[name, number, "analysis"] for name in _ANALYSED_WITH if (number := _version(name))]
    rows.append(["commit of xstilts", commit or "not known: the code is not in a git repository", "this report"])
    return text_table("Software", ["name", "version", "used by"], rows)


def models_table(study: Study) -> HtmlTable:
    """Build the table of models, their origins, and what stands before their inputs."""
    rows = []
    for name, model in study.models.items():
        if model.snapshot:
            origin, revision = f"Hugging Face Hub, {model.snapshot.repository}", model.snapshot.revision
        elif model.path:
            origin, revision = f"folder {model.path}", "not recorded"
        elif model.continues:
            text = study.title_of(model.continues.task)
            origin = f"{model.continues.parent}, pretrained further by this study on {text}"
            revision = f"seed {model.continues.seed}"
        else:
            origin, revision = (
                "pretrained by this study",
                f"seed {model.architecture.seed if model.architecture else ''}",
            )
        prefixed = f'"{model.prefix}" ({listed([kind.replace("_", " ") for kind in model.prefixed])})'
        rows.append([name, origin, revision, prefixed if model.prefix else "none"])
    return text_table("Models", ["model", "origin", "revision", "prefix of inputs"], rows)


def data_table(study: Study, downloads: Sequence[Mapping[str, str]]) -> HtmlTable:
    """Build the table of data: each task's roles, source with downloaded revisions, and licence."""
    rows = []
    for task in (*study.tasks(), *study.translations):
        origins = [f"{one['repository']} at {one['revision']}" for one in downloads if one["task"] == task]
        if study.from_hub(task):
            source = "; ".join(origins) or "Hugging Face Hub, revision not recorded"
        else:
            source = source_of(task, study)
        rows.append([study.title_of(task), listed(roles_of(task, study)), source, licence_of(task, study)])
    return text_table("Data and licences", ["task", "used as", "from", "licence"], rows)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""

"""What was run, and on what: counts, missing cells, run times, software, data and their licences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

import pandas as pd

from xstilts.config.study import Study
from xstilts.graph.failures import Failure, told, when
from xstilts.graph.runs import evaluation_of
from xstilts.report.page.ledger import condensed, progress
from xstilts.report.page.view import Cell, Table, duration, listed, number, table_of_texts
from xstilts.scores.flags import flagged_jobs
from xstilts.scores.gains import arms_of, by_language, targets_of
from xstilts.scores.labels import arm_label
from xstilts.wording import counted

_JOBS = {
    "pretrain": "pretraining",
    "intermediate": "intermediate training",
    "finetune": "fine-tuning and scoring",
    "retrieve": "retrieval",
}
_ANALYSED_WITH = ("pandas", "numpy", "scipy", "altair")


def what_was_run(scores: pd.DataFrame, study: Study) -> str:
    """The size of the study, and how much of it is done, in words."""
    counts = progress(scores, study)[["planned", "done", "partly"]].sum()
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


def ledger_table(scores: pd.DataFrame, study: Study) -> Table:
    """Arms × targets: how many of the planned evaluations are done, over models, splits and seeds."""
    cells = progress(scores, study).groupby(["arm", "target"])[["planned", "done", "partly"]].sum()
    rows = []
    for arm in arms_of(study):
        row = [Cell(arm_label(arm, study))]
        for target in targets_of(study):
            planned, done, partly = cells.loc[(arm, target), ["planned", "done", "partly"]]
            text = f"{done}/{planned}" + f" + {partly} partly" * bool(partly)
            row.append(Cell(text, tone="" if done == planned else "lacking"))
        rows.append(row)
    caption = "Evaluations done of those planned, over models, splits and seeds"
    return Table(caption, ["arm", *(study.title_of(target) for target in targets_of(study))], rows)


def arms_table(study: Study) -> Table:
    """What each arm does before the target task."""
    rows = []
    for arm in arms_of(study):
        chosen = study.arms[arm]
        start = "random weights" if chosen.weights == "random" else "the pretrained encoder"
        trained = listed([study.title_of(task) for task in chosen.tasks]) or "nothing"
        rows.append([arm_label(arm, study), start, trained])
    return table_of_texts("The arms", ["arm", "starts from", "trained on, in English"], rows)


def missing_table(missing: pd.DataFrame, study: Study) -> Table | None:
    """None where nothing is missing."""
    rows = condensed(missing, study)
    header = ["model", "arm", "target", "split", "seed", "languages", "why"]
    return table_of_texts("Missing cells", header, [row.values() for row in rows]) if rows else None


def flagged_table(flagged: pd.DataFrame, study: Study) -> Table | None:
    """A row for each target of a run that has collapsed; None where none has."""
    found = by_language(flagged, study).groupby(["model", "arm", "target", "split", "seed"])["score"].mean()
    flags = flagged_jobs(flagged, study)
    rows = []
    for model, arm, target, split, seed, score in found.reset_index().itertuples(index=False, name=None):
        flag = flags[model, arm, evaluation_of(study, target), seed]
        rows.append((model, arm_label(arm, study), study.title_of(target), split, seed, number(score), flag))
    header = ["model", "arm", "target", "split", "seed", "score", "why it is left out"]
    return table_of_texts("Scores of collapsed runs", header, rows) if rows else None


def attempts_table(failure: Failure) -> Table | None:
    """What has been tried of a job, the newest first; None where nothing is on record."""
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
    header = ["started", "last sign of life", "where", "step", "what came of it"]
    return table_of_texts("Attempts", header, rows) if rows else None


def dev_splits_note(study: Study) -> list[str]:
    """Targets scored on another split than the study asks for."""
    return [
        f"{study.title_of(target)}: the release has no {split} split"
        + ("; its test split stands in." if not set(study.splits_of(target)) <= set(study.splits) else ".")
        for target in targets_of(study)
        for split in study.splits
        if split not in study.splits_of(target)
    ]


def times_table(records: Sequence[Mapping[str, Any]]) -> Table | None:
    """How long the jobs took, by kind and hardware; None where there are no records."""
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
    header = ["job", "runs recorded", "on", "median", "all together"]
    return table_of_texts("Run times", header, rows) if rows else None


def software_table(records: Sequence[Mapping[str, Any]], commit: str) -> Table:
    """The versions that the jobs ran with, all of them where they differ, and those of the analysis."""
    versions: dict[str, set[str]] = {}
    for record in records:
        for name, found in record.get("software", {}).items():
            versions.setdefault(str(name), set()).add(str(found))
    rows = [[name, ", ".join(sorted(found)), "jobs"] for name, found in sorted(versions.items())]
    rows += [[name, found, "analysis"] for name in _ANALYSED_WITH if (found := _version(name))]
    rows.append(["commit of xstilts", commit or "not known: the code does not lie in a git repository", "this report"])
    return table_of_texts("Software", ["what", "version", "used by"], rows)


def models_table(study: Study) -> Table:
    """Each model and where it is from."""
    rows = []
    for name, model in study.models.items():
        if model.snapshot:
            origin, revision = f"Hugging Face Hub, {model.snapshot.repository}", model.snapshot.revision
        elif model.path:
            origin, revision = f"folder {model.path}", "not recorded"
        else:
            origin, revision = (
                "pretrained by this study",
                f"seed {model.architecture.seed if model.architecture else ''}",
            )
        rows.append([name, origin, revision])
    return table_of_texts("Models", ["model", "origin", "revision"], rows)


def data_table(study: Study, downloads: Sequence[Mapping[str, str]]) -> Table:
    """Every task's data: its role, where it came from, at which revision, under which licence."""
    synthetic = study.source.kind == "synthetic"
    rows = []
    for task in study.tasks():
        origins = [f"{one['repository']} at {one['revision']}" for one in downloads if one["task"] == task]
        if synthetic:
            origin, licence = f"generated, seed {getattr(study.source, 'seed', '')}", "that of this software"
        else:
            licence = study.task(task).licence
            nothing = "Hugging Face Hub, revision not recorded" if study.from_hub(task) else "files of the release"
            origin = "; ".join(origins) or nothing
        roles = [role for role, tasks in _roles(study).items() if task in tasks]
        rows.append([study.title_of(task), listed(roles), origin, licence])
    return table_of_texts("Data and their licences", ["task", "used as", "from", "licence"], rows)


def _roles(study: Study) -> dict[str, Sequence[str]]:
    return {
        "intermediate task": study.intermediate_tasks(),
        "training set": study.training_sets(),
        "target": targets_of(study),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""

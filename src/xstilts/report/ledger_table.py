"""The run ledger: how many runs of each arm and kind of job are planned and done, and how long they took.

A run is one job with one seed. It is done if it has a record or, where records are not available, scores. A failed run
has neither and counts as missing, like one that was never started.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from xstilts.config.study import Study
from xstilts.graph.runs import INTERMEDIATE, RETRIEVAL, Runs, evaluation_of
from xstilts.report.coverage import evaluation_counts
from xstilts.report.typeset import TableBlock, TablePage, TableRow
from xstilts.scores.dev_scores import TARGET
from xstilts.scores.flags import flagged_jobs
from xstilts.scores.gains import arms_of, by_language
from xstilts.scores.labels import MISSING, arm_label
from xstilts.wording import duration

PRETRAIN, FINETUNE = "pretrain", "finetune"

#: One row per model, arm (empty for pretraining) and job; ``what`` is the training set of a fine-tuning job. ``seeds``
#: are those done. ``evaluations`` (one per target and split) are planned over all seeds; ``scored`` counts those with
#: all their languages. ``hours`` is the sum over the ``recorded`` runs, on ``devices``. ``flagged`` lists the done runs
#: whose scores are excluded from all means: seed, score of each target, and flag.
COLUMNS = [
    "model", "arm", "job", "what", "planned", "done", "missing", "seeds", "evaluations", "scored", "recorded", "hours",
    "devices", "flagged",
]  # fmt: skip

_TITLES = {
    PRETRAIN: "pretraining",
    INTERMEDIATE: "intermediate training",
    FINETUNE: "fine-tuning and scoring",
    RETRIEVAL: "retrieval",
}
_HEADER = ["arm", "job", "seeds done", "runs planned", "done", "missing", "evaluations", "scored", "time"]


class _Run(NamedTuple):
    """One run; ``what`` is a training set or the name of another kind of job, ``seed`` is 0 for pretraining."""

    model: str
    arm: str
    what: str
    seed: int


def ledger_rows(
    scores: pd.DataFrame,
    dev_scores: pd.DataFrame,
    records: Sequence[Mapping[str, Any]],
    study: Study,
    flagged: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compute the ledger.

    Args:
        scores: Scores without flagged ones.
        dev_scores: Dev scores without those of flagged jobs.
        records: The jobs' records, each with its ``place``: its path in the study's folder. Records at any other path
            are ignored.
        study: The study.
        flagged: The flagged scores.

    Returns:
        A frame with the columns :data:`COLUMNS`, in the study's order.
    """
    flagged = scores[:0] if flagged is None else flagged
    recorded = {run: record for record in records if (run := _run_of(str(record.get("place", ""))))}
    done = {*recorded, *_runs_with_scores(scores, dev_scores, study), *_runs_with_scores(flagged, dev_scores, study)}
    flag_texts = _flag_texts(flagged, study)
    evaluations = _evaluations(scores, study)
    rows = []
    for (model, arm, what), runs in _planned(study).items():
        finished = [run for run in runs if run in done]
        of_runs = [recorded[run] for run in runs if run in recorded]
        times = [time for record in of_runs if (time := _seconds(record)) is not None]
        planned, scored = evaluations.get((model, arm, what), (0, 0))
        job = what if what in _TITLES else FINETUNE
        seeds = " ".join(str(run.seed) for run in finished if run.seed)
        rows.append([
            model, arm, job, what if job == FINETUNE else "", len(runs), len(finished), len(runs) - len(finished),
            seeds, planned, scored, len(times), sum(times) / 3600 if times else float("nan"), _devices(of_runs),
            "; ".join(flag_texts[run] for run in runs if run in flag_texts),
        ])  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def ledger_page(rows: pd.DataFrame, study: Study) -> TablePage:
    """Lay out the rows of :func:`ledger_rows`: a block per model, a row per arm and kind of job, then the sum."""
    blocks = []
    for model in study.models:
        of_model = rows[rows["model"] == model]
        lines: list[TableRow] = []
        for arm, of_arm in of_model.groupby("arm", sort=False):
            label = arm_label(str(arm), study) if arm else "before all arms"
            for job, of_job in of_arm.groupby("job", sort=False):
                lines.append([label, _TITLES[str(job)], _seeds(of_job), *_sums(of_job)])
        lines += [None, ["all", "", "", *_sums(of_model)]]
        blocks.append(TableBlock(model, f"{study.study}-ledger-{model}", _HEADER, lines, texts=3))
    notes = [
        f"A run is one job with one seed; the study's seeds: {', '.join(map(str, study.seeds))}. "
        "A seed is done if all jobs of the kind are done. An evaluation is one target on one split with one seed; it "
        "is scored if all its languages are.",
        f"Time is the sum over runs, {_device_note(rows)}.",
    ]
    if rows["missing"].any():
        notes.append("A missing run failed or was not started: it has neither a record nor scores.")
    for row in rows[rows["flagged"] != ""].itertuples():
        place = f"{row.model}, {arm_label(str(row.arm), study)} on {study.title_of(str(row.what))}"
        notes.append(f"Excluded from all means: {place}: {row.flagged}.")
    if (rows["recorded"] < rows["done"]).any():
        missing = int((rows["done"] - rows["recorded"]).sum())
        notes.append(f"{missing} of {rows['done'].sum()} done runs have no time on record and are not in the sums.")
    return TablePage(f"Run ledger, study {study.study}", study.warning, notes, blocks)


def _planned(study: Study) -> dict[tuple[str, str, str], list[_Run]]:
    """Return the runs of all seeds by model, arm and kind of job; pretraining has one run and no seed."""
    runs, planned = Runs(study), {}
    for model in study.models:
        if runs.pretrains(model):
            planned[model, "", PRETRAIN] = [_Run(model, "", PRETRAIN, 0)]
        for arm in arms_of(study):
            trained = (INTERMEDIATE,) if study.arms[arm].trains else ()
            for what in (*trained, *runs.evaluations()):
                planned[model, arm, what] = [_Run(model, arm, what, seed) for seed in study.seeds]
    return planned


def _run_of(place: str) -> _Run | None:
    """Return the run that a record belongs to, by its path; see :class:`xstilts.graph.paths.Paths`."""
    match place.split("/"):
        case ["encoders", model, "pretrained", "record.json"]:
            return _Run(model, "", PRETRAIN, 0)
        case ["encoders", model, arm, seed, "record.json"]:
            return _with_seed(model, arm, INTERMEDIATE, seed)
        case ["records", model, arm, what, file]:
            return _with_seed(model, arm, what, file.removesuffix(".json"))
    return None


def _with_seed(model: str, arm: str, what: str, name: str) -> _Run | None:
    number = name.removeprefix("seed")
    return _Run(model, arm, what, int(number)) if number.isdecimal() else None


def _runs_with_scores(scores: pd.DataFrame, dev_scores: pd.DataFrame, study: Study) -> Iterator[_Run]:
    places = scores[["model", "arm", "target", "seed"]].drop_duplicates()
    for model, arm, target, seed in places.itertuples(index=False, name=None):
        yield _Run(model, arm, evaluation_of(study, target), seed)
    places = dev_scores[["model", "arm", "stage", "task", "seed"]].drop_duplicates()
    for model, arm, stage, task, seed in places.itertuples(index=False, name=None):
        yield _Run(model, arm, task if stage == TARGET else stage, seed)


def _flag_texts(scores: pd.DataFrame, study: Study) -> dict[_Run, str]:
    """Return each run's flag with the scores of its targets: means over languages and primary metrics."""
    means = by_language(scores, study).groupby(["model", "arm", "seed", "target"])["score"].mean()
    texts = {}
    for (model, arm, what, seed), flag in flagged_jobs(scores, study).items():
        own = means.loc[(model, arm, seed)]
        of_targets = ", ".join(f"{study.title_of(str(target))} {score:.1f}" for target, score in own.items())
        texts[_Run(model, arm, what, seed)] = f"seed {seed}, {of_targets} ({flag})"
    return texts


def _evaluations(scores: pd.DataFrame, study: Study) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Count evaluations planned, and scored in every language, by model, arm and training set."""
    counts = evaluation_counts(scores, study)
    counts["what"] = [evaluation_of(study, target) for target in counts["target"]]
    sums = counts.groupby(["model", "arm", "what"])[["planned", "done"]].sum()
    return {key: (int(planned), int(done)) for key, planned, done in sums.itertuples(name=None)}


def _seconds(record: Mapping[str, Any]) -> float | None:
    seconds = record.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else None


def _devices(records: Sequence[Mapping[str, Any]]) -> str:
    """Name the devices and precisions that the runs used, each once."""
    hardware = [record.get("hardware") for record in records]
    known = [one for one in hardware if isinstance(one, Mapping)]
    names = (" ".join(str(one[key]) for key in ("device", "precision") if one.get(key)) for one in known)
    return "; ".join(sorted({name for name in names if name}))


def _device_note(rows: pd.DataFrame) -> str:
    devices = sorted({one for devices in rows["devices"] for one in devices.split("; ") if one})
    return f"on {'; '.join(devices)}" if devices else "on hardware that is not recorded"


def _seeds(rows: pd.DataFrame) -> str:
    """List the seeds that every job of a kind is done with."""
    done = [set(seeds.split()) for seeds in rows["seeds"]]
    common = sorted(set.intersection(*done), key=int)
    return ", ".join(common) or ("" if set(rows["job"]) == {PRETRAIN} else MISSING)


def _sums(rows: pd.DataFrame) -> list[str]:
    counts = [str(rows[name].sum()) for name in ("planned", "done", "missing")]
    evaluations = [str(rows[name].sum()) if rows["evaluations"].any() else "" for name in ("evaluations", "scored")]
    time = duration(3600 * rows["hours"].sum()) if rows["recorded"].any() else MISSING
    return [*counts, *evaluations, time]

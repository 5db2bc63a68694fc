"""A submission's files from the predictions of jobs: of one arm, or of the best arm for each target."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xstilts.atomic import write_json
from xstilts.errors import DataError
from xstilts.graph.runs import RETRIEVAL, Runs
from xstilts.scores import matching as scoring
from xstilts.scores.parquet_files import GONE
from xstilts.submission import layout
from xstilts.submission.choose import ChosenRun, as_json, candidates, choose
from xstilts.submission.lines import written

_AGAIN = "Delete the file and let snakemake make it again."


def write_arm(
    folder: Path, runs: Runs, model: str, arm: str, scores: pd.DataFrame, dev_scores: pd.DataFrame
) -> dict[str, ChosenRun]:
    """Replace a folder by an arm's submission, each target from its best seed.

    ``{folder}.json`` beside it describes it. Targets without a scored test split are left out.

    Args:
        folder: The folder to write.
        runs: The study's jobs and paths.
        model: The model.
        arm: The arm.
        scores: As for :func:`xstilts.submission.choose.choose`, which chooses the seeds.
        dev_scores: As for that function.

    Raises:
        UserError: There are no scores to choose a seed on; predictions are missing or do not fit the study's examples.
    """
    return _write_chosen(folder, runs, model, [arm], scores, dev_scores)


def write_best(
    folder: Path, runs: Runs, model: str, scores: pd.DataFrame, dev_scores: pd.DataFrame
) -> dict[str, ChosenRun]:
    """Do the same as :func:`write_arm` with the best arm for each target; controls are not candidates."""
    return _write_chosen(folder, runs, model, candidates(runs.study), scores, dev_scores)


def _write_chosen(
    folder: Path, runs: Runs, model: str, arms: Sequence[str], scores: pd.DataFrame, dev_scores: pd.DataFrame
) -> dict[str, ChosenRun]:
    chosen = choose(scores, dev_scores, runs.study, model, arms)
    write(folder, runs, {target: prediction_file(runs, model, run) for target, run in chosen.items()})
    write_json(folder.with_name(f"{folder.name}.json"), as_json(chosen, runs.study, model))
    return chosen


def prediction_file(runs: Runs, model: str, chosen: ChosenRun) -> Path:
    """Return the path of the predictions chosen for a target."""
    job = runs.study.task(chosen.target).trained_on or RETRIEVAL
    return runs.paths.part("predictions", model, chosen.arm, job, chosen.seed)


def write(folder: Path, runs: Runs, predictions: dict[str, Path]) -> None:
    """Replace a folder by a submission, completely or not at all.

    Args:
        folder: The folder to write.
        runs: The study's jobs and paths.
        predictions: By target, the file of predictions.

    Raises:
        DataError: A file is missing, or does not have one valid prediction for each of the study's test examples.
    """
    with _replacing_folder(folder) as temporary:
        for target in layout.submitted(runs.study):
            task, path = runs.study.task(target), predictions[target]
            by_language = _test_predictions(path, target)
            for language in runs.study.languages(target, layout.SPLIT):
                examples = layout.canonical(runs, task, language)
                source = f"{path} ({target}, {language})"
                aligned = scoring.aligned(task, by_language.get(language, []), examples, source)
                place = temporary / target / layout.file_name(task, language)
                place.parent.mkdir(exist_ok=True)
                place.write_text(written(task, aligned, examples), encoding="utf-8", newline="\n")


def _test_predictions(path: Path, target: str) -> dict[str, list[tuple[str, str]]]:
    """By language, the (example id, prediction) of a target's test split."""
    columns = ["language", "example", "prediction"]
    try:
        with pq.ParquetFile(path) as file:
            table = file.read(columns=[*columns, "target", "split"])
    except FileNotFoundError:
        raise DataError(path, "no such file.", remedy=GONE) from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(path, f"cannot be read as Parquet ({error}).", remedy=_AGAIN) from None
    if missing := {*columns, "target", "split"} - set(table.column_names):
        raise DataError(path, f"lacks the column(s) {', '.join(sorted(missing))}.", remedy=_AGAIN)
    by_language: dict[str, list[tuple[str, str]]] = {}
    rows = table.filter((pc.field("target") == target) & (pc.field("split") == layout.SPLIT))
    for language, example, prediction in zip(*(rows.column(name).to_pylist() for name in columns), strict=True):
        by_language.setdefault(language, []).append((example, prediction))
    return by_language


@contextmanager
def _replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` that replaces it on success and is removed on failure."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as staging:
        new, old = Path(staging, "new"), Path(staging, "old")
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)

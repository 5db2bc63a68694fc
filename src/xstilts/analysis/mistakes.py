"""What a model gets wrong: predictions beside the texts they are for, wrong ones, and what is taken for what."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd

from xstilts.config.study import Study
from xstilts.data import examples
from xstilts.errors import UserError
from xstilts.graph.paths import Paths
from xstilts.task_types import task_type_class
from xstilts.task_types.answers import exact_match_and_f1, rules_of
from xstilts.tasks.task import Task

_COUNTED = ("classification", "tagging")  # predictions are labels, or a label per word
_FILE = ["target", "split", "language"]


def with_text(predictions: pd.DataFrame, study: Study, paths: Paths) -> pd.DataFrame:
    """Add the columns of the examples' text: premise and hypothesis, question and context, tokens, prompt and choices.

    Args:
        predictions: Rows as :meth:`xstilts.results.StudyResults.predictions` returns them.
        study: Their study.
        paths: Its paths.

    Raises:
        DataError: a file of examples is gone or damaged.
    """
    texts = [_texts(study.task(target), paths, *file) for target, *file in _files(predictions)]
    if not texts:
        return predictions
    return predictions.merge(pd.concat(texts, ignore_index=True), how="left", on=[*_FILE, "example"], validate="m:1")


def mistakes(predictions: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Keep the predictions of a task that are not wholly right, the worst first.

    A target without scores of single examples is compared with the gold answers as text. For questions there is a
    column ``f1`` in points, and they are in its order; for tags ``differences`` names the words in question.
    """
    known = predictions[predictions["gold"].notna()]
    wrong = (known["score"] < 100) | (known["score"].isna() & (known["prediction"] != known["gold"]))
    found = known[wrong].copy()
    if task.type == "span_qa":
        columns = (found[name].tolist() for name in ("prediction", "gold", "language"))
        found["f1"] = [_f1(task, *row) for row in zip(*columns, strict=True)]
        return found.sort_values(["f1", "score"], kind="stable", ignore_index=True)
    if task.type == "tagging" and "tokens" in found:
        columns = (found[name].tolist() for name in ("tokens", "gold", "prediction"))
        found["differences"] = [_differences(*row) for row in zip(*columns, strict=True)]
    return found.sort_values("score", kind="stable", ignore_index=True)


def confusions(predictions: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Count what is taken for what, by arm: examples of a classification task, words of a tagging task.

    Returns:
        One row per arm, gold label and other label that was predicted, the most frequent first: ``count``, and
        ``share`` in per cent of the gold label's examples or words.
    """
    counted = _pairs(predictions, task).value_counts(["arm", "gold", "prediction"], sort=False).rename("count")
    rows = counted.reset_index()
    rows["share"] = 100 * rows["count"] / rows.groupby(["arm", "gold"])["count"].transform("sum")
    wrong = rows[rows["gold"] != rows["prediction"]]
    return wrong.sort_values(["count", "arm", "gold"], ascending=[False, True, True], ignore_index=True)


def confusion_table(predictions: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Count gold labels (rows) by predicted labels (columns), in the task's order of labels."""
    pairs = _pairs(predictions, task)
    table = pd.crosstab(pairs["gold"], pairs["prediction"])
    seen = {*table.index, *table.columns}
    labels = [label for label in task.labels if label in seen] + sorted(seen - {*task.labels})
    return table.reindex(index=labels, columns=labels, fill_value=0)


def _pairs(predictions: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Arm, gold label and predicted label of each example or word that has a gold label.

    Raises:
        UserError: the task's predictions are no labels, or its release has no gold ones.
    """
    if task.type not in _COUNTED:
        kinds = " and ".join(_COUNTED)
        raise UserError(
            f"{task.title} has no labels to confuse: confusions are counted for {kinds}, and its type is "
            f"{task.type}. Look at its mistakes instead: results.mistakes('{task.name}')."
        )
    pairs = predictions.loc[predictions["gold"].notna(), ["arm", "gold", "prediction"]]
    if pairs.empty:
        raise UserError(f"{task.title}: these predictions have no gold labels, as the release does not include them.")
    if task.type == "tagging":
        pairs = pairs.assign(gold=pairs["gold"].str.split(), prediction=pairs["prediction"].str.split())
        pairs = pairs.explode(["gold", "prediction"], ignore_index=True)
    return pairs


def _files(predictions: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(predictions[_FILE].drop_duplicates().itertuples(index=False, name=None))


def _texts(task: Task, paths: Paths, split: str, language: str) -> pd.DataFrame:
    """The texts of one file's examples, with the columns that predictions know them by."""
    table, kind = examples.read(paths.examples(task.name, split, language)), task_type_class(task)
    frame = pd.DataFrame({name: table.column(name).to_pylist() for name in ("id", *kind.text_columns)})
    frame = frame[frame["id"].isin(kind.scored_ids(table))].drop_duplicates("id")
    named = frame.rename(columns={"id": "example"})
    return named.assign(target=task.name, split=split, language=language)


def _f1(task: Task, prediction: str, gold: str, language: str) -> float:
    return exact_match_and_f1(prediction, json.loads(gold), rules_of(task, language))[1]


def _differences(words: Sequence[str], gold: str, prediction: str) -> str:
    tagged = zip(words, gold.split(), prediction.split(), strict=True)
    return "; ".join(f"{word}: {right} → {wrong}" for word, right, wrong in tagged if right != wrong)

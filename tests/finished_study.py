"""A finished study with examples of four types and the mistakes that its arms make, worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from made_up import predictions_of, scores_of, study_of

from xstilts.config.study import Study, store
from xstilts.data.examples import Provenance, write
from xstilts.graph.paths import Paths
from xstilts.graph.runs import Runs
from xstilts.scores.curves import CURVES, write_curves
from xstilts.scores.dev_scores import DEV_SCORES, write_dev_scores
from xstilts.scores.score_files import SCORES, write_predictions, write_scores
from xstilts.task_types import canonical_schema
from xstilts.tasks.registry import TASKS

EXAMPLES: Mapping[str, Sequence[dict[str, Any]]] = {
    "xnli": [
        {"id": "n1", "premise": "It rained.", "hypothesis": "It was wet.", "label": "entailment"},
        {"id": "n2", "premise": "It rained.", "hypothesis": "It was dry.", "label": "contradiction"},
        {"id": "n3", "premise": "It rained.", "hypothesis": "It was late.", "label": "neutral"},
        {"id": "n4", "premise": "He slept.", "hypothesis": "He dreamt.", "label": "neutral"},
    ],
    "udpos": [
        {"id": "u1", "tokens": ["They", "can", "fish"], "tags": ["PRON", "AUX", "VERB"]},
        {"id": "u2", "tokens": ["Fish", "swim"], "tags": ["NOUN", "VERB"]},
    ],
    "xquad": [
        {"id": "q1", "context": "Ada came.", "question": "Who came?", "answers": ["Ada"], "answer_starts": [0]},
        {"id": "q2", "context": "In May.", "question": "When?", "answers": ["In May"], "answer_starts": [0]},
    ],
    "tatoeba": [
        {"id": "s1", "side": "english", "text": "Good night.", "matches": ["s2"]},
        {"id": "s2", "side": "foreign", "text": "Gute Nacht.", "matches": []},
    ],
}
#: By target and arm, predictions and scores for each example.
PREDICTED: Mapping[str, Mapping[str, Sequence[tuple[str, float]]]] = {
    "xnli": {
        "none": [("entailment", 100), ("neutral", 0), ("entailment", 0), ("entailment", 0)],
        "mnli": [("entailment", 100), ("contradiction", 100), ("neutral", 100), ("contradiction", 0)],
    },
    "udpos": {
        "none": [("PRON VERB NOUN", 100 / 3), ("NOUN VERB", 100)],
        "mnli": [("PRON AUX NOUN", 200 / 3), ("NOUN VERB", 100)],
    },
    "xquad": {
        "none": [("came", 0), ("May", 100 / 3)],
        "mnli": [("Ada", 100), ("In May", 100)],
    },
    "tatoeba": {"none": [("s2", 100)], "mnli": [("s1", 0)]},
}
_GOLD = {"xnli": "label", "udpos": "tags", "xquad": "answers", "tatoeba": "matches"}
_METRIC = {"xnli": "accuracy", "udpos": "f1", "xquad": "f1", "tatoeba": "accuracy"}


def study() -> Study:
    targets = {target: {"languages": ["de"]} for target in EXAMPLES}
    return study_of(seeds=[1], arms={"none": {}, "mnli": {"tasks": ["mnli"]}}, targets=targets)


def gold_of(target: str) -> list[str]:
    """The gold answers as predictions have them."""
    scored = [row for row in EXAMPLES[target] if row.get("side") != "foreign"]
    values = [row[_GOLD[target]] for row in scored]
    match target:
        case "xnli":
            return values
        case "xquad":
            return [json.dumps(value) for value in values]
    return [" ".join(value) for value in values]


def write_finished(root: Path) -> Study:
    """Write all files of the study that are read after its end."""
    made, paths, rows = study(), Paths(root), []
    store(made, paths.study)
    for target, examples in EXAMPLES.items():
        path = paths.examples(target, "test", "de")
        path.parent.mkdir(parents=True)
        table = pa.Table.from_pylist(list(examples), schema=canonical_schema(TASKS[target]))
        write(path, TASKS[target], table, Provenance(target, "test", "de", "test", "none", False), "test")
    for job in Runs(made).jobs():
        cells = []
        for target in Runs(made).targets_of(job.what):
            predicted = PREDICTED[target][job.arm]
            points = [float(score) for _, score in predicted]
            ids = [row["id"] for row in EXAMPLES[target]][: len(points)]
            cells.append(
                predictions_of(target, "de", points, ids, [answer for answer, _ in predicted], gold_of(target))
            )
            metrics = ("exact_match", "f1") if target == "xquad" else (_METRIC[target],)
            rows += [(job.arm, target, "de", metric, job.seed, sum(points) / len(points)) for metric in metrics]
        write_predictions(paths.part("predictions", *job), pa.concat_tables(cells))
    write_scores(paths.scores, pa.Table.from_pandas(scores_of(rows), schema=SCORES, preserve_index=False))
    write_dev_scores(paths.dev_scores, DEV_SCORES.empty_table())
    write_curves(paths.curves, CURVES.empty_table())
    return made

"""Files of XTREME-R's own tasks: written, read back, checked, and scored as by a second implementation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_submission import EXAMPLES, examples, store

from xstilts.config.study import load
from xstilts.errors import UserError
from xstilts.graph.runs import Runs
from xstilts.scores.matching import score
from xstilts.submission import layout
from xstilts.submission.check import check
from xstilts.submission.lines import parsed, written
from xstilts.submission.score import score_folder
from xstilts.tasks.registry import TASKS

CHOICES = examples(
    "xcopa",
    [
        {"id": str(n), "prompt": "p", "choices": ["a", "b"], "label": label}
        for n, label in enumerate((0, 1, 1), start=1)
    ],
)
MENTIONS = examples(
    "mewslix", [{"id": f"m{n}", "query": "who", "candidate": None, "matches": [f"Q{n}"]} for n in (1, 2)]
)
XCOPA, MEWSLIX = '{"label": 0}\n{"label": 1}\n{"label": 0}\n', '{"m1": ["Q5", "Q1"], "m2": ["Q2"]}'
CONFIG: dict[str, Any] = {
    "study": "r",
    "benchmark": "xtreme_r",
    "source": {"kind": "files", "root": "data"},
    "models": {"xlmr": {"path": "models/xlmr"}},
    "arms": {"none": {}},
    "targets": {
        "xnli": {"languages": ["de"]},
        "xcopa": {"languages": ["sw"]},
        "mewslix": {"languages": ["de"]},
        "tatoeba": {"languages": ["de"]},
        "lareqa": {"languages": ["de"]},
    },
}


def test_files_worked_by_hand() -> None:
    assert written(TASKS["xcopa"], ["0", "1", "0"], CHOICES) == XCOPA
    assert json.loads(written(TASKS["mewslix"], ["Q5 Q1", "Q2"], MENTIONS)) == json.loads(MEWSLIX)
    read = parsed(TASKS["xcopa"], XCOPA, CHOICES)
    assert (read.predictions, read.problems) == ([("1", "0"), ("2", "1"), ("3", "0")], [])
    read = parsed(TASKS["mewslix"], MEWSLIX, MENTIONS)
    assert (read.predictions, read.problems) == ([("m1", "Q5 Q1"), ("m2", "Q2")], [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"label": 0}\n{"label": 1}\n', "found 2 lines, expected 3"),
        (XCOPA.replace("1", "2"), "line 2: found '{\"label\": 2}', expected an object like"),
        (XCOPA.replace('{"label": 1}', "1"), "line 2: found '1', expected an object like"),
        (XCOPA.replace("1", "true"), "line 2: found"),
        (XCOPA.replace("1", '"1"'), "line 2: found"),
        (XCOPA.replace('{"label": 1}', "[" * 100_000), "line 2: found"),
    ],
)
def test_choices_that_are_none_are_named_by_line(text: str, said: str) -> None:
    assert said in " ".join(parsed(TASKS["xcopa"], text, CHOICES).problems)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"m1": ["Q1"]}', "mention 'm2' is missing"),
        ('{"m1": ["Q1"], "m2": ["Q2"], "m2": ["Q1"]}', "mention 'm2' occurs twice"),
        ('{"m1": ["Q1"], "m2": ["Q2"], "m3": []}', "mention 'm3' is not in the data"),
        ('{"m1": ["Q1", "Q1"], "m2": ["Q2"]}', "mention 'm1': found"),
        ('{"m1": [], "m2": ["Q2"]}', "expected a list of different ids"),
        ('{"m1": "Q1", "m2": ["Q2"]}', "mention 'm1': found '\"Q1\"', expected a list of different ids"),
        ('{"m1": {"Q1": 1}, "m2": ["Q2"]}', "mention 'm1': found an object"),
        ('{"m1": [1], "m2": ["Q 2"]}', "mention 'm1': found '[1]'"),
        ("[]", "expected an object with a list of entities for each mention id"),
        ("{", "line 1: is no JSON"),
    ],
)
def test_entities_that_are_no_ranking_are_named_by_mention(text: str, said: str) -> None:
    assert said in " ".join(parsed(TASKS["mewslix"], text, MENTIONS).problems)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.chdir(tmp_path)
    made = Runs(load(CONFIG))
    store(made.paths.examples("xcopa", "test", "sw"), CHOICES)
    store(made.paths.examples("mewslix", "test", "de"), MENTIONS)
    for name in ("xnli", "tatoeba"):
        store(made.paths.examples(name, "test", "de"), examples(name, EXAMPLES[name, "de"]))
    for place, text in {
        "xcopa/test-sw.jsonl": XCOPA, "mewslix/test-de.json": MEWSLIX, "xnli/test-de.tsv": "neutral\nneutral\n",
        "tatoeba/test-de.tsv": "2\n0\n0\n",
    }.items():  # fmt: skip
        path = Path("sent", place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return made


def test_groups_are_xtreme_r_s_under_its_names(runs: Runs) -> None:
    assert check(Path("sent"), runs).problems == []
    scored = score_folder(Path("sent"), runs)
    assert scored["mewslix"]["map@20"] == {"de": 75.0} and scored["xcopa"]["accuracy"] == {"sw": pytest.approx(200 / 3)}
    assert scored["classification"] == pytest.approx((50 + 200 / 3) / 2)
    assert scored["multi_choice"] == pytest.approx(200 / 3)
    assert scored["retrieval"] == pytest.approx((75 + 200 / 3) / 2)
    assert "all_task" not in scored and "qa" not in scored  # not all of their tasks are there


def test_lareqa_is_not_submitted_and_the_notes_are_xtreme_r_s(runs: Runs) -> None:
    assert layout.submitted(runs.study) == ["xnli", "xcopa", "tatoeba", "mewslix"]
    notes = layout.gaps(runs.study)
    assert "udpos: not in the study; XTREME-R scores it in 38 languages." in notes
    assert "xcopa: the study lacks 10 of XTREME-R's 11 languages: et, ht, id, it, qu, ta, th, tr, vi, zh." in notes
    assert not any(note.startswith(("lareqa", "pawsx", "bucc2018")) for note in notes)
    Path("sent/pawsx").mkdir()
    assert any("XTREME-R has no task of this name" in problem for problem in check(Path("sent"), runs).problems)
    with pytest.raises(UserError, match="XTREME-R's tasks; the study has none of them"):
        layout.submitted(load({**CONFIG, "targets": {"lareqa": {}}}))


def official_map(gold: dict[str, list[str]], predictions: dict[str, list[str]]) -> float:
    """The mean over mentions of one over the rank of the only entity, among the first 20."""
    total = 0.0
    for mention, (entity,) in gold.items():
        found = predictions[mention][:20]
        total += 1 / (1 + found.index(entity)) if entity in found else 0.0
    return 100 * total / len(gold)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.lists(st.integers(0, 30), min_size=1, max_size=25, unique=True)), min_size=1
    )
)
def test_scores_of_files_are_those_of_a_second_implementation(rows: list[tuple[int, list[int]]]) -> None:
    gold = {f"m{n}": [f"Q{entity}"] for n, (entity, _) in enumerate(rows)}
    table = examples("mewslix", [{"id": m, "query": "q", "candidate": None, "matches": ids} for m, ids in gold.items()])
    predictions = [" ".join(f"Q{entity}" for entity in found) for _, found in rows]
    text = written(TASKS["mewslix"], predictions, table)
    read = parsed(TASKS["mewslix"], text, table)
    assert not read.problems
    ours = score(TASKS["mewslix"], "de", read.predictions, table, "file").metrics["map@20"]
    assert ours == pytest.approx(official_map(gold, json.loads(text)), abs=1e-12)

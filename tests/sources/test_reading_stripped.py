"""What XTREME's own scripts leave of the releases: other names, other details, and no labels in test files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sources import stripped

from xstilts.data import examples
from xstilts.sources import files
from xstilts.task_types import task_type_class
from xstilts.tasks.languages import languages_of
from xstilts.tasks.registry import TARGET_TASKS, TASKS

LANGUAGES = languages_of("files")
TYDIQA = "xtreme/tydiqa/tydiqa-goldp-v1.1-dev"
NLI = [('He said "no".', "He refused.", "entailment"), ("It rains.", "It\u2028snows.", "contradiction")]
PARAPHRASES = [
    ("NS", "그는 갔다", "0"),
    ("", "NS", "1"),
    ('그는 "갔다"', "", "0"),
]  # cells of PAWS-X that were never translated
CONTEXT = "  The ferry 🚢 left at noon."


def article(*ids: str) -> dict[str, Any]:
    """An article with a paragraph for every two questions."""
    asked = [
        {"id": one, "question": f"When, {one}?", "answers": [{"text": "noon", "answer_start": CONTEXT.index("noon")}]}
        for one in ids
    ]
    paragraphs = [{"context": CONTEXT, "qas": asked[start : start + 2]} for start in range(0, len(asked), 2)]
    return {"title": "Ferries", "paragraphs": paragraphs}


def document(*articles: dict[str, Any]) -> str:
    return json.dumps({"version": "1.1", "data": articles})


def without_gold(task: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    gold = {"answers", "answer_starts"} if TASKS[task].type == "span_qa" else {task_type_class(TASKS[task]).gold_column}
    return [{name: None if name in gold else value for name, value in row.items()} for row in rows]


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\n\r") | st.sampled_from("\"'\u2028"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, st.sampled_from("01")), min_size=1), st.sampled_from(["dev", "test"]))
def test_pairs_are_what_xtremes_own_reader_sees(release, rows, split):
    path = release.root / f"xtreme/pawsx/{split}-fr.tsv"
    stripped.pairs(path, rows)
    with path.open(newline="", encoding="utf-8") as handle:
        seen = list(csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    read = [[row["premise"], row["hypothesis"], row["label"]] for row in release.rows("pawsx", split, "fr")]
    assert read == [[*cells, None][:3] for cells in seen]


@pytest.mark.parametrize(("task", "rows", "language"), [("xnli", NLI, "en"), ("pawsx", PARAPHRASES, "ko")])
def test_pairs_keep_the_quotes_that_the_script_adds(release, task, rows, language):
    for split in ("dev", "test"):
        stripped.pairs(release.root / f"xtreme/{task}/{split}-{language}.tsv", rows)
    dev, test = (release.rows(task, split, language) for split in ("dev", "test"))
    quoted = [['"' + cell.replace('"', '""') + '"' if '"' in cell else cell for cell in row] for row in rows]
    assert [[row["premise"], row["hypothesis"], row["label"]] for row in dev] == quoted
    assert test == without_gold(task, dev)


@pytest.mark.parametrize(("task", "writer"), [("udpos", stripped.udpos), ("panx", stripped.panx)])
def test_sentences_of_tokens(release, task, writer):
    tag = TASKS[task].labels[0]
    sentences = [[("Der", tag), ('"', tag)], [(":", tag)], [("a\u2028b", tag), ("\u200d", tag)]]
    for split in ("train", "test"):
        writer(release.root / f"xtreme/{task}/{split}-de.tsv", sentences)
    train, test = (release.rows(task, split, "de") for split in ("train", "test"))
    assert [row["tokens"] for row in train] == [["Der", '"'], [":"], ["a\u2028b", "\u200d"]]
    assert [row["tags"] for row in train] == [[tag] * 2, [tag], [tag] * 2]
    assert test == without_gold(task, train)


def test_an_empty_token_without_a_tag_ends_the_sentence(release):
    sentence = [("a", "O"), ("", "O"), ("b", "B-LOC")]
    for split in ("dev", "test"):
        stripped.panx(release.root / f"xtreme/panx/{split}-sw.tsv", [sentence])
    assert [row["tokens"] for row in release.rows("panx", "dev", "sw")] == [["a", "", "b"]]
    assert [row["tokens"] for row in release.rows("panx", "test", "sw")] == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("task", "name"), [("xquad", "xquad/xquad.de.json"), ("mlqa", "mlqa/MLQA_V1/test/test-context-de-question-de.json")]
)
def test_blanked_answers_are_no_answers(release, task, name):
    path = release.write(f"xtreme/{name}", document(article("a", "b", "c"), article("d")))
    labelled = release.rows(task, "test", "de")
    stripped.blank_answers(path.parent)
    assert len(labelled) == 4 and all(row["answers"] == ["noon"] for row in labelled)
    assert release.rows(task, "test", "de") == without_gold(task, labelled)


def test_tydiqas_renamed_dev_files_keep_their_ids(release):
    release.write(f"{TYDIQA}/tydiqa-goldp-dev-arabic.json", document(article("arabic-12-0", "arabic--3-1")))
    release.write("xtreme/tydiqa/tydiqa-goldp-v1.1-train.json", document(article("english-1-0", "korean-1-0")))
    labelled, train = release.rows("tydiqa", "test", "ar"), release.rows("tydiqa")
    stripped.tydiqa(release.root / "xtreme/tydiqa")
    assert [row["id"] for row in labelled] == ["arabic-12-0", "arabic--3-1"]
    for split in ("dev", "test"):
        assert release.rows("tydiqa", split, "ar") == without_gold("tydiqa", labelled)
    assert [row["id"] for row in train] == ["english-1-0"]
    assert release.rows("tydiqa") == train


def test_tydiqas_train_files_of_one_language_do_not_name_it(release):
    release.write("xtreme/tydiqa/tydiqa-goldp-v1.1-train.json", document(article("english-1-0", "english-2-0")))
    (release.root / TYDIQA).mkdir()
    stripped.tydiqa(release.root / "xtreme/tydiqa")
    folder = release.root / "xtreme/tydiqa/tydiqa-goldp-v1.1-train"
    (folder / "tydiqa.goldp.en.train.json").replace(folder / "tydiqa-goldp-v1.1-train.json")
    assert "no question whose id begins with 'english-'" in release.error("tydiqa")


def test_bucc_without_its_gold_pairs(release):
    sides = {"fr": "fr-1\tBonjour.\nfr-2\tOui.\n", "en": "en-1\tYes.\nen-2\tHello.\n", "gold": "fr-1\ten-2\n"}
    for side, content in sides.items():
        release.write(f"xtreme/bucc2018/fr-en.test.{side}", content)
    labelled = release.rows("bucc2018", "test", "fr")
    (release.root / "xtreme/bucc2018/fr-en.test.gold").unlink()
    assert release.rows("bucc2018", "test", "fr") == without_gold("bucc2018", labelled)


def test_the_english_lines_of_tatoeba_in_another_order(release):
    foreign = release.write("xtreme/tatoeba/tatoeba.cmn-eng.cmn", "是。\n你好。\n走！\n")
    english = release.write("xtreme/tatoeba/tatoeba.cmn-eng.eng", "Yes. \nHello.\n Go!\n")
    stripped.tatoeba(foreign, english, foreign.parent, "zh")
    assert [row["matches"] for row in release.rows("tatoeba", "test", "zh")][3:] == [["zh-1"], ["zh-2"], ["zh-3"]]
    foreign.unlink()
    rows = release.rows("tatoeba", "test", "zh")
    assert [(row["id"], row["text"]) for row in rows[:3]] == [("zh-1", "是。"), ("zh-2", "你好。"), ("zh-3", "走！")]
    assert [(row["id"], row["text"]) for row in rows[3:]] == [("en-1", "Go!"), ("en-2", "Hello."), ("en-3", "Yes.")]
    assert all(row["matches"] is None for row in rows)


def test_squad_where_xtreme_keeps_it(release):
    release.write("xtreme/squad/train-v1.1.json", document(article("xtreme")))
    assert [row["id"] for row in release.rows("squad_v1")] == ["xtreme"]
    release.write("intermediate/squad/train-v1.1.json", document(article("release")))
    assert [row["id"] for row in release.rows("squad_v1")] == ["release"]


def test_where_both_are_missing_the_release_is_asked_for(release):
    message = release.error("tydiqa", "test", "ko")
    assert f"{TYDIQA}/tydiqa-goldp-dev-korean.json: there is no such file" in message
    assert f"XTREME's {release.root / TYDIQA}/tydiqa.goldp.ko.dev.json would do as well." in message
    assert "would do as well" not in release.error("xquad", "test", "de")


@pytest.mark.parametrize(
    ("task", "name", "content", "row", "problem"),
    [
        (
            "xnli",
            "xnli/test-de.tsv",
            "a\tb\r\na\tb\r\na\tb\tneutral\r\n",
            3,
            "has a label, but the rows before it have none",
        ),
        ("pawsx", "pawsx/test-de.tsv", "a\tb\t0\na\tb\n", 2, "lacks a label, but the rows before it have one"),
        ("udpos", "udpos/test-de.tsv", "a\n\nb\tX\n", 3, "has a tag, but the rows before it have none"),
        ("panx", "panx/test-de.tsv", "a\tO\nb\n", 2, "lacks a tag, but the rows before it have one"),
    ],
)
def test_a_file_where_only_some_rows_have_labels(release, task, name, content, row, problem):
    release.write(f"xtreme/{name}", content)
    message = release.error(task, "test", "de")
    assert f"{name}, row {row}: {problem}" in message and "docs/data.md" in message


def test_a_file_where_only_some_questions_have_answers(release):
    path = release.write("xtreme/xquad/xquad.de.json", document(article("a", "b", "c")))
    whole = json.loads(path.read_text())["data"]
    stripped.blank_answers(path.parent)
    blank = json.loads(path.read_text())["data"]
    for first, second, problem in ((whole, blank, "lacks an answer, but"), (blank, whole, "has an answer, but")):
        path.write_text(json.dumps({"data": first + second}))
        assert f"xquad.de.json, row 4: {problem}" in release.error("xquad", "test", "de")


BLANK = {"id": "english-1-0", "question": "When?", "answers": [{"text": "", "answer_start": 0}]}
UNLABELLED = {
    **dict.fromkeys(("xnli", "pawsx"), "a\tb\r\n"),
    **dict.fromkeys(("udpos", "panx"), "a\n\nb\n"),
    **dict.fromkeys(
        ("squad_v1", "squad_v2", "mlqa", "tydiqa"), document({"paragraphs": [{"context": CONTEXT, "qas": [BLANK]}]})
    ),
}


@pytest.mark.parametrize(
    ("task", "split"),
    [
        (task, split)
        for task in UNLABELLED
        for split in ("train", "dev")
        if TASKS[task].has(split) and (task, split) != ("tydiqa", "dev")
    ],
)
def test_training_and_choosing_checkpoints_need_labels(release, task, split):
    (path,) = TASKS[task].paths(release.root, split, LANGUAGES["en"])
    release.write(str(path.relative_to(release.root)), UNLABELLED[task])
    message = release.error(task, split)
    assert f"{path}: has no labels. Only test files may come without labels" in message and "docs/data.md" in message


@pytest.fixture(scope="module")
def root(slices, tmp_path_factory) -> Path:
    """The slices as XTREME's scripts would leave them."""
    folder = tmp_path_factory.mktemp("stripped")
    stripped.write(slices, folder)
    return folder


@pytest.mark.parametrize(
    ("task", "split"),
    [
        (task, split)
        for task in (*TARGET_TASKS, "squad_v1")
        for split in ("train", "dev", "test")
        if TASKS[task].has(split)
    ],
)
def test_the_slices_say_the_same_without_their_labels(slices, root, task, split):
    compared = 0
    for code in ("en",) if split == "train" else TASKS[task].languages:
        if not all(path.is_file() for path in TASKS[task].paths(slices, split, LANGUAGES[code])):
            continue
        labelled = files.read(slices, TASKS[task], split, LANGUAGES[code])
        table = files.read(root, TASKS[task], split, LANGUAGES[code])
        rows = labelled.to_pylist()
        has_gold = split == "train" or (split == "dev" and task != "tydiqa")
        if task == "tatoeba":
            english = sorted(row["text"].strip() for row in rows if row["side"] == "english")
            rows[len(english) :] = [
                {"id": f"en-{n}", "side": "english", "text": text} for n, text in enumerate(english, 1)
            ]
            rows = [{**row, "matches": None} for row in rows]
        assert table.to_pylist() == (rows if has_gold else without_gold(task, rows)), code
        assert table.schema == labelled.schema
        examples.check(TASKS[task], table, code)
        compared += 1
    assert compared

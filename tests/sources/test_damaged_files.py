"""Damaged data files: one message each, or, where a file may be meant so, the right examples and a warning."""

from __future__ import annotations

import logging
from pathlib import Path

import damages
import every_format
import pytest
from damages import ANYWHERE, BUCC_GOLD, TASK_OF, Damage
from table_damages import SENTENCES, TABLES, WORDS

from xstilts.config.study import load
from xstilts.data import examples
from xstilts.errors import DataError
from xstilts.graph.runs import Runs
from xstilts.jobs.prepare import prepare

#: Without its gold pairs a BUCC test set is one of XTREME's, to be submitted.
_MAY_BE_MISSING = (BUCC_GOLD,)
CASES: dict[str, Damage] = {
    **{
        f"{file}: {what}": Damage(file, change, says)
        for file in TASK_OF
        for what, (change, says) in ANYWHERE.items()
        if not (what == "is missing" and file in _MAY_BE_MISSING)
    },
    **damages.JSON_LINES,
    **damages.QUESTIONS,
    **TABLES,
    **WORDS,
    **SENTENCES,
}


@pytest.fixture(scope="module")
def runs() -> Runs:
    return Runs(load(every_format.STUDY))


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data root of the study, in a working folder of its own."""
    every_format.write(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return Path("data")


def change(path: Path, by: damages.Change) -> None:
    changed = by(path.read_bytes())
    path.unlink()
    if changed != damages.MISSING:
        path.write_bytes(changed)


def rows(runs: Runs, task: str, split: str = "test", language: str = "de") -> list[dict[str, object]]:
    prepare(runs, task)
    return examples.read(runs.paths.examples(task, split, language)).to_pylist()


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 105
    assert {case.read_by for case in CASES.values()} == {*load(every_format.STUDY).tasks(), "text"}


@pytest.mark.parametrize("name", CASES)
def test_a_damaged_file_is_refused_with_one_message(name: str, runs: Runs, data: Path) -> None:
    case = CASES[name]
    change(data / case.file, case.change)
    with pytest.raises(DataError) as caught:
        prepare(runs, case.read_by)
    message = str(caught.value)
    assert str(data / case.file) in message and case.says in message
    if case.row is not None:
        assert f", row {case.row}: " in message
    assert not list(runs.paths.data(case.read_by).iterdir())


@pytest.mark.parametrize("task", dict.fromkeys(TASK_OF.values()))
def test_undamaged_files_are_read(task: str, runs: Runs) -> None:
    prepare(runs, task)
    assert runs.paths.data_manifest(task).is_file()


# What may be meant so


@pytest.mark.parametrize(
    ("file", "by"),
    [
        (damages.XNLI, lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")),
        (damages.XNLI, damages.cut(1)),
        (damages.XNLI, damages.after("\n\n")),
        (damages.UDPOS, damages.after("\n\n")),
        (damages.BUCC_EN, damages.after("\n")),
        (damages.MLQA, damages.after("\n\n")),
    ],
    ids=["mark and line ends", "no last line end", "blank at the end", "blank after words", "blank ids", "blank JSON"],
)
def test_harmless_differences_change_no_example(runs: Runs, data: Path, file: str, by: damages.Change) -> None:
    task = TASK_OF[file]
    before = rows(runs, task)
    change(data / file, by)
    assert rows(runs, task) == before


def test_marks_of_documents_are_no_words_of_an_own_task(runs: Runs, data: Path) -> None:
    before = rows(runs, "own_words", "train", "en")
    change(data / damages.OWN_WORDS, lambda content: b"-DOCSTART- O\n\n" + content)
    assert rows(runs, "own_words", "train", "en") == before


def test_test_files_of_words_alone_have_no_gold(runs: Runs, data: Path) -> None:
    change(data / damages.PANX, damages.whole("Angela\nMerkel\n\nin\nKiel\n"))
    assert [row["tags"] for row in rows(runs, "panx")] == [None, None]


@pytest.mark.parametrize(
    ("file", "by", "says"),
    [
        (damages.XNLI, damages.whole("Кошка спит дома.\tЖивотное спит дома.\tentailment\n"), "has 0% of its letters"),
        (damages.TEXT, damages.whole("Καλημέρα σας, κύριε Παπαδόπουλε.\n"), "script of German (Latn)"),
        (damages.TATOEBA, damages.whole("Здравствуйте, друзья.\nДа, конечно.\nНет.\n"), "another language?"),
        (
            damages.XNLI,
            damages.whole("Es regnet.\tEs ist nass.\tentailment\n"),
            "has 1 example, where the release has 5,010",
        ),
        ("xtreme/xnli/dev-en.tsv", damages.copy_of("xtreme/xnli/train-en.tsv"), "dev-en.tsv holds the same lines as"),
    ],
    ids=["swapped languages", "swapped texts", "swapped sentences", "cut at a line's end", "dev is the training file"],
)
def test_a_doubtful_file_is_read_with_a_warning(
    runs: Runs, data: Path, caplog: pytest.LogCaptureFixture, file: str, by: damages.Change, says: str
) -> None:
    task = {**TASK_OF, "xtreme/xnli/dev-en.tsv": "xnli"}[file]
    prepare(runs, task)
    assert says not in caplog.text
    change(data / file, by)
    prepare(runs, task)
    (warning,) = (record for record in caplog.records if says in record.message)
    assert warning.levelno == logging.WARNING and str(data / file) in warning.message


def test_estimates_are_no_reason_for_warnings(runs: Runs, caplog: pytest.LogCaptureFixture) -> None:
    prepare(runs, "udpos")
    assert not [message for message in caplog.messages if damages.UDPOS in message]


def test_ids_on_both_sides_of_a_pool(runs: Runs, data: Path) -> None:
    change(data / damages.BUCC, damages.put("de-", "", -1))
    change(data / damages.BUCC_EN, damages.put("en-", "", -1))
    change(data / BUCC_GOLD, damages.whole("1\t1\n2\t2\n"))
    with pytest.raises(DataError, match="the id '1' stands for a foreign and for an English sentence") as caught:
        prepare(runs, "bucc2018")
    assert damages.BUCC in str(caught.value) and "must not share ids" in str(caught.value)


@pytest.mark.parametrize("content", [ANYWHERE["is a Git LFS pointer"][0], ANYWHERE["is a saved page"][0]])
def test_two_files_of_the_same_kind_in_place_of_sentences(runs: Runs, data: Path, content: damages.Change) -> None:
    for file in (damages.TATOEBA, damages.TATOEBA_EN):
        change(data / file, content)
    with pytest.raises(DataError, match=f"{damages.TATOEBA}: is an? "):
        prepare(runs, "tatoeba")


@pytest.mark.parametrize("depth", [400, 900, 950, 980, 990, 1_000, 2_000])
def test_nesting_of_any_depth_has_one_message(runs: Runs, data: Path, depth: int) -> None:
    change(data / damages.SWAG, damages.put('"A man sits."', "[" * depth + "]" * depth))
    with pytest.raises(DataError, match=r"hellaswag_train\.jsonl, row 1: "):
        prepare(runs, "hellaswag")

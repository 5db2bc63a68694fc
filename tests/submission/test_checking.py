"""Problems that submit-check reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_submission import RIGHT, study_in, submit

from xstilts.errors import DataError, UserError
from xstilts.submission.check import check


def test_a_submission_in_order_has_a_line_per_file(tmp_path, runs) -> None:
    report = check(submit(tmp_path / "sent"), runs)
    assert report.problems == []
    assert report.lines == [
        "xnli/test-de.tsv: 2 predictions",
        "xnli/test-en.tsv: 1 predictions",
        "udpos/test-de.tsv: 2 predictions",
        "xquad/test-de.json: 2 predictions",
        "bucc2018/test-de.tsv: 2 pairs",
        "tatoeba/test-de.tsv: 3 predictions",
    ]


@pytest.mark.parametrize(
    ("place", "text", "problem"),
    [
        ("xnli/test-de.tsv", None, "no such file"),
        ("xnli/test-de.tsv", "", "found 0 lines, expected 2: one per example"),
        ("xnli/test-de.tsv", "neutral\n", "found 1 line, expected 2: one per example"),
        (
            "xnli/test-de.tsv",
            "neutral\nEntailment\n",
            "line 2: found 'Entailment', expected entailment, neutral or contradiction",
        ),
        ("xnli/test-de.tsv", "\nneutral\n", "line 1: found nothing, expected entailment, neutral or contradiction"),
        (
            "xnli/test-de.tsv",
            "\ufeffneutral\nneutral\n",
            "line 1: found '\\ufeffneutral', expected entailment, neutral or contradiction",
        ),
        ("udpos/test-de.tsv", "DET\nNOUN\n", "found 1 sentence, expected 2, with a blank line between two"),
        ("udpos/test-de.tsv", "DET\n\nVERB\n", "line 1, sentence 1 (example '1'): found 1 tag, expected 2"),
        ("udpos/test-de.tsv", "DET\nNOUN\n\nVERBS\n", "line 4: found 'VERBS', which is no tag. Did you mean 'VERB'?"),
        ("xquad/test-de.json", '{"q1": "x"}', "question 'q2' has no answer"),
        ("xquad/test-de.json", '{"q1": "", "q2": "", "q3": ""}', "question 'q3' is not in the data"),
        ("xquad/test-de.json", '{"q1": "", "q2": "", "q1": "x"}', "question 'q1' is answered twice"),
        ("xquad/test-de.json", '{"q1": "", "q2": 1871}', "question 'q2': found '1871', expected text"),
        ("xquad/test-de.json", '{"q1": "", "q2": {"text": ""}}', "question 'q2': found an object, expected text"),
        (
            "xquad/test-de.json",
            '["q1"]',
            "found '[\"q1\"]'; expected an object with an answer for each question id",
        ),
        (
            "xquad/test-de.json",
            '{"q1": "",\n "q2": ',
            "line 2: is no JSON (Expecting value); expected an object with an answer for each question id",
        ),
        ("bucc2018/test-de.tsv", "de-1 en-1\n", "line 1: found 'de-1 en-1', expected 'foreign id TAB English id'"),
        ("bucc2018/test-de.tsv", "en-1\tde-1\n", "line 1: found 'en-1\\tde-1', expected the foreign id first"),
        ("bucc2018/test-de.tsv", "de-9\ten-1\n", "line 1: 'de-9' is not the id of a foreign sentence"),
        ("bucc2018/test-de.tsv", "de-1\ten-9\n", "line 1: 'en-9' is not the id of an English sentence"),
        ("bucc2018/test-de.tsv", "de-1\ten-1\nde-1\ten-1\n", "line 2: repeats the pair de-1, en-1"),
        ("bucc2018/test-de.tsv", "\n", "line 1: found nothing, expected 'foreign id TAB English id'"),
        ("tatoeba/test-de.tsv", "0\n1\n", "found 2 lines, expected 3: one per English sentence"),
        (
            "tatoeba/test-de.tsv",
            "0\n1\n3\n",
            "line 3: found '3', expected the number of a line in the foreign file, 0 to 2",
        ),
        (
            "tatoeba/test-de.tsv",
            "0\n01\n2\n",
            "line 2: found '01', expected the number of a line in the foreign file, 0 to 2",
        ),
        ("tatoeba/test-nl.tsv", "0\n", None),
        ("tatoeba/test-deu.tsv", "0\n", "Tatoeba has no such file. Did you mean 'test-de.tsv'?"),
    ],
)
def test_one_thing_wrong_is_one_problem(tmp_path, runs, place, text, problem) -> None:
    report = check(submit(tmp_path / "sent", **{place: text}), runs)
    assert report.problems == ([f"{place}: {problem}"] if problem else [])
    assert [line for line in report.lines if line.startswith(f"{place}:")] == report.problems


def test_a_blank_line_too_few_or_too_many_shows_where_sentences_go_astray(tmp_path, runs) -> None:
    place = "udpos/test-de.tsv"
    assert check(submit(tmp_path / "sent", **{place: "DET\nNOUN\nVERB\n"}), runs).problems == [
        f"{place}: found 1 sentence, expected 2, with a blank line between two",
        f"{place}: line 1, sentence 1 (example '1'): found 3 tags, expected 2",
    ]
    assert check(submit(tmp_path / "sent", **{place: "DET\nNOUN\n\n\nVERB\n"}), runs).problems == [
        f"{place}: found 3 sentences, expected 2, with a blank line between two",
        f"{place}: line 4, sentence 2 (example '2'): found 0 tags, expected 1",
    ]


def test_many_problems_of_a_file_are_counted_after_the_first_five(tmp_path, runs) -> None:
    report = check(submit(tmp_path / "sent", **{"bucc2018/test-de.tsv": "x\n" * 9}), runs)
    assert len(report.problems) == 6
    assert report.problems[-1] == "bucc2018/test-de.tsv: and 4 more"


def test_no_pairs_at_all_are_a_poor_submission_but_a_valid_one(tmp_path, runs) -> None:
    report = check(submit(tmp_path / "sent", **{"bucc2018/test-de.tsv": ""}), runs)
    assert report.problems == [] and "bucc2018/test-de.tsv: 0 pairs" in report.lines


def test_other_encodings_are_named(tmp_path, runs) -> None:
    sent = submit(tmp_path / "sent")
    (sent / "xquad" / "test-de.json").write_bytes('{"q1": "Brücke"}'.encode("latin-1"))
    assert check(sent, runs).problems == ["xquad/test-de.json: byte 11 is not UTF-8"]


def test_missing_and_extra_folders(tmp_path, runs) -> None:
    sent = submit(tmp_path / "sent", **{"xnlli/test-de.tsv": "neutral\n"})
    (sent / "bucc2018" / "test-de.tsv").unlink()
    (sent / "bucc2018").rmdir()
    (sent / ".hidden").touch()
    assert check(sent, runs).problems == [
        "xnlli: XTREME has no task of this name. Did you mean 'xnli'?",
        "bucc2018: no such folder; expected with test-de.tsv in it",
    ]


def test_what_the_study_lacks_is_noted_and_no_problem(tmp_path, runs) -> None:
    report = check(submit(tmp_path / "sent", **{"panx/test-de.tsv": "?", "tatoeba/test-nl.tsv": "?"}), runs)
    assert report.problems == []
    assert "panx: not in the study; XTREME scores it in 40 languages." in report.notes
    assert "mlqa: not in the study; XTREME scores it in 7 languages." in report.notes
    assert "bucc2018: the study lacks 3 of XTREME's 4 languages: fr, ru, zh." in report.notes
    assert "panx: not checked, as the study has no test examples of it." in report.notes
    assert "tatoeba/test-nl.tsv: not checked, as the study has no test examples of it." in report.notes


def test_a_task_with_all_its_languages_needs_no_note(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = study_in(tmp_path, targets={"xquad": {"languages": ["de"]}, "bucc2018": {}})
    notes = check(submit(tmp_path / "sent", **dict.fromkeys(RIGHT)), study_in(tmp_path)).notes
    assert any(note.startswith("bucc2018") for note in notes)
    with pytest.raises(DataError, match=r"data/bucc2018/test\.fr\.parquet: no such file"):
        check(tmp_path / "sent", runs)


def test_folders_and_data_that_are_not_there(tmp_path, runs) -> None:
    with pytest.raises(UserError, match=r"elsewhere: there is no such folder"):
        check(tmp_path / "elsewhere", runs)
    Path(runs.paths.examples("udpos", "test", "de")).unlink()
    with pytest.raises(DataError, match=r"data/udpos/test\.de\.parquet: no such file; it holds UDPOS's test examples"):
        check(submit(tmp_path / "sent"), runs)


def test_a_file_without_a_pair_is_valid_and_noted(tmp_path, runs) -> None:
    folder = submit(tmp_path / "sent")
    (folder / "bucc2018" / "test-de.tsv").write_text("")
    report = check(folder, runs)
    assert report.problems == []
    assert any("bucc2018/test-de.tsv: no pair at all" in note for note in report.notes)
    assert not any("no pair at all" in note for note in check(submit(tmp_path / "other"), runs).notes)

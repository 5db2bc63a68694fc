from __future__ import annotations

from pathlib import Path

import pytest

from xstilts.errors import DataError, UserError, did_you_mean


def test_data_error_names_file_row_problem_and_remedy() -> None:
    error = DataError(Path("xnli/train-en.tsv"), "has 2 columns, not 3.", row=7, remedy="Separate columns by tabs.")
    assert str(error) == "xnli/train-en.tsv, row 7: has 2 columns, not 3. Separate columns by tabs."
    assert (error.file, error.row) == (Path("xnli/train-en.tsv"), 7)
    assert isinstance(error, UserError)


def test_data_error_about_a_whole_file() -> None:
    assert str(DataError("empty.tsv", "has no rows.")) == "empty.tsv: has no rows."


@pytest.mark.parametrize(
    ("name", "valid", "said"),
    [
        ("mnl", ["mnli", "qqp"], "Did you mean 'mnli'?"),
        ("zzz", ["mnli", "qqp"], "Valid names: mnli, qqp."),
        (3, ["1", "2"], "Valid names: 1, 2."),
        ("mnli", [], "There are none."),
    ],
)
def test_nearest(name: object, valid: list[str], said: str) -> None:
    assert did_you_mean(name, iter(valid)) == said

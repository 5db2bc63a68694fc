"""Tables of runs in README and docs are rewritten from the runs' own tables."""

from __future__ import annotations

from pathlib import Path

import pytest
import shown_numbers

REPOSITORY = Path(__file__).parents[2]
PAGE = """Text.

<!-- numbers: results/demo/tables/main.md -->
| arm | XNLI (15 languages) | Average |
|:--|--:|--:|
| none (baseline) | 1.0 | 2.0 |
| MNLI | **+1.0** | – |

| other | table |
|--|--|
| MNLI | 7 |
"""
TABLE = """# Gains

| arm             |   PAWS-X |     XNLI |  Average |
|:----------------|---------:|---------:|---------:|
| none (baseline) |     50.1 | **59.9** |     70.0 |
| ─────           |    ───── |    ───── |    ───── |
| MNLI            |        × |     −1.6 |     +0.5 |
| QQP             |     −2.0 |     −3.0 |     −1.0 |
"""


def test_rows_and_columns_of_the_page_stay_and_their_numbers_are_those_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "results" / "demo" / "tables" / "main.md"
    path.parent.mkdir(parents=True)
    path.write_text(TABLE, encoding="utf-8")
    page, absent = shown_numbers.updated(PAGE, tmp_path)
    expected = PAGE.replace("| 1.0 | 2.0 |", "| **59.9** | 70.0 |").replace("| **+1.0** | – |", "| −1.6 | +0.5 |")
    assert page == expected and absent == []
    assert shown_numbers.updated(page, tmp_path) == (page, [])


def test_a_study_that_has_not_run_is_named_and_its_numbers_stay(tmp_path: Path) -> None:
    assert shown_numbers.updated(PAGE, tmp_path) == (PAGE, ["results/demo/tables/main.md"])


@pytest.mark.parametrize("name", ["README.md", "docs/real_small.md"])
def test_pages_name_the_runs_of_their_tables(name: str, tmp_path: Path) -> None:
    _, absent = shown_numbers.updated((REPOSITORY / name).read_text(encoding="utf-8"), tmp_path)
    assert "results/real_small/tables/main.md" in absent

"""Pages of tables in every format."""

from __future__ import annotations

import re

import pytest
from small_page import Html

from xstilts.report.typeset import TableBlock, TablePage, html, latex, markdown, plain_text
from xstilts.wording import Strong

BLOCK = TableBlock(
    "a & <b>", "label", ["arm", "x", "y"], [["none", "1.0", Strong("2.0")], None, ["c_d", "–", Strong("50%")]]
)
PAGE = TablePage("T <i>", "mind & <this>", ["note <u>"], [BLOCK], ["below <s>"], strong="Bold: the best.")


def test_html_escapes_everything_that_it_is_given() -> None:
    text = html(PAGE)
    page = Html(text)
    assert not {"b", "i", "u", "s", "this"} & {tag for tag, _ in page.elements}
    for shown in ("T <i>", "mind & <this>", "note <u>", "Bold: the best.", "a & <b>", "below <s>"):
        assert shown in page.text
    assert page.values("aria-label") == ["a & <b>"]


def test_html_names_columns_and_rows_and_groups_rows_between_rules() -> None:
    page = Html(html(PAGE))
    assert page.values("scope", "th") == ["col", "col", "col", "row", "row"]
    tags = [tag for tag, _ in page.elements]
    assert tags.count("tbody") == 2 and tags.count("tr") == 3 and tags.count("td") == 4


def test_strong_texts_stand_out_in_every_form_but_plain() -> None:
    assert "| **2.0** |" in markdown(PAGE) and "| **50%** |" in markdown(PAGE)
    assert r"\textbf{2.0}" in latex(PAGE) and r"\textbf{50\%}" in latex(PAGE) and r"\textbf{1.0}" not in latex(PAGE)
    assert "<strong>2.0</strong>" in html(PAGE)
    assert "2.0" in plain_text(PAGE) and "*" not in plain_text(PAGE) and "Bold" not in plain_text(PAGE)
    assert all("Bold: the best." in form(PAGE) for form in (markdown, latex, html))


@pytest.mark.parametrize("form", [plain_text, markdown, latex, html])
def test_a_page_without_tables_still_says_what_it_has_to_say(form: object) -> None:
    text = form(TablePage("Title", "warning", ["a note"], [], ["below"]))  # type: ignore[operator]
    assert all(what in text for what in ("Title", "warning", "a note", "below"))


def test_labels_stand_before_every_panel_of_numbers() -> None:
    numbers = [str(n) for n in range(20)]
    wide = TableBlock("m", "l", ["task", "format", *numbers], [["xnli", "pairs", *numbers]], texts=2)
    lines = [line for line in markdown(TablePage("T", "", [], [wide])).splitlines() if line.startswith("| xnli")]
    panels = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [panel[:2] for panel in panels] == [["xnli", "pairs"]] * 2
    assert [cell for panel in panels for cell in panel[2:]] == numbers
    assert Html(html(TablePage("T", "", [], [wide]))).text.count("xnli") == 1, "HTML scrolls"


def test_captions_in_latex_are_short_and_the_notes_stand_below() -> None:
    page = TablePage("Gains", "Not real.", ["How to read it."], PAGE.blocks, strong="Bold: the best.")
    text = latex(page)
    captions = re.findall(r"\\caption\{(.*)\}", text)
    assert captions and all(re.fullmatch(r"Gains: .*\. Not real\.", caption) for caption in captions)
    assert text.count(r"\parbox{\textwidth}{How to read it. Bold: the best.}") == len(captions)
    assert r"\parbox" not in latex(TablePage("Gains", "", [], PAGE.blocks))

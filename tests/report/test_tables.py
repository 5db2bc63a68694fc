"""The tables of a study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small_page import Html
from small_study import NO_DEV, MakeScores, study_config, xquad

from xstilts.config.study import SYNTHETIC, Study, load
from xstilts.report.page.results import main_tables
from xstilts.report.tables import main_table_text, write_tables
from xstilts.report.typeset import TableBlock, TablePage, latex
from xstilts.scores.gains import language_cells, task_cells
from xstilts.scores.score_files import SCORES
from xstilts.tasks.benchmarks import AVERAGE


@pytest.fixture
def folder(scores: pd.DataFrame, study: Study, tmp_path: Path) -> Path:
    write_tables(scores, NO_DEV, study, tmp_path / "tables")
    return tmp_path / "tables"


def markdown_rows(file: Path) -> dict[str, list[str]]:
    """Return the texts of each row by label, bold or not; of equal labels, the last."""
    rows = [line.strip("|").split("|") for line in file.read_text().splitlines() if line.startswith("|")]
    return {label.strip(): [cell.strip(" *") for cell in cells] for label, *cells in rows}


def tex_rows(file: Path) -> list[str]:
    """Return the lines of the first tabular, without alignment."""
    body = file.read_text().split(r"\begin{tabular}")[1].split(r"\end{tabular}")[0]
    return [" ".join(line.split()) for line in body.splitlines()[1:-1]]


def test_every_table_is_written_in_every_form(scores: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    files = write_tables(scores, NO_DEV, study, tmp_path)
    names = ("main", "groups", "xquad", "tatoeba", "languages", "dev", "published", "ledger", "data")
    kinds = ("csv", "md", "tex", "html")
    assert [file.name for file in files] == [f"{name}.{kind}" for name in names for kind in kinds]
    assert sorted(files) == sorted(tmp_path.iterdir())


def test_main_table(folder: Path) -> None:
    rows = markdown_rows(folder / "main.md")
    assert rows["arm"] == ["XQuAD", "Tatoeba", "Average"]
    assert rows["none (baseline)"] == ["63.0", "31.0", "47.0"]
    assert rows["MNLI"] == ["+0.7", "+23.5", "+12.1"]
    assert rows["two_tasks"] == ["+5.0†", "−11.0", "−3.0†"]
    assert rows["random (control)"] == ["−53.0", "–", "–"]


def test_where_a_release_has_no_dev_split_its_test_split_stands_in(scores: pd.DataFrame, tmp_path: Path) -> None:
    of_dev = load(study_config(splits=["dev"]))
    write_tables(scores, NO_DEV, of_dev, tmp_path)
    rows = markdown_rows(tmp_path / "main.md")
    assert rows["none (baseline)"] == ["63.0", "31.0", "47.0"]
    assert "XQuAD: the release has no dev split; its test split is used instead." in (tmp_path / "main.md").read_text()


def test_a_split_that_a_release_does_not_have_is_named(scores: pd.DataFrame, tmp_path: Path) -> None:
    write_tables(scores, NO_DEV, load(study_config(splits=["dev", "test"])), tmp_path)
    text = (tmp_path / "main.md").read_text()
    assert "XQuAD: the release has no dev split.\n" in text and "XQuAD, dev" not in text and "stripped" not in text


def test_controls_stand_last_below_a_rule(folder: Path) -> None:
    assert [line.split(" & ")[0] for line in tex_rows(folder / "main.tex")] == [
        r"\toprule", "arm", r"\midrule", "none (baseline)", r"\midrule", "MNLI", r"two\_tasks", r"\midrule",
        "random (control)", r"\midrule", "chance",
    ]  # fmt: skip


def test_notes_say_what_the_numbers_are(folder: Path) -> None:
    for file in (folder / "main.md", folder / "main.tex"):
        text = file.read_text()
        assert "2 seeds (1, 2)" in text and "xlmr, test" in text and "mean of exact match and F1" in text
        assert "points (0" in text and "not scored" in text and "fewer seeds than the study's 2" in text
        assert SYNTHETIC not in text


def test_language_table_keeps_english_apart_from_the_zero_shot_mean(folder: Path) -> None:
    rows = markdown_rows(folder / "xquad.md")
    assert rows["arm"] == ["en", "zero-shot", "mean", "de"]
    assert rows["none (baseline)"] == ["76.0", "50.0", "63.0", "50.0"]
    assert rows["MNLI"] == ["0.0", "+1.4", "+0.7", "+1.4"]
    assert markdown_rows(folder / "tatoeba.md")["arm"] == ["mean", "de"]


def test_csv_files_hold_the_numbers_in_full(folder: Path, scores: pd.DataFrame, study: Study) -> None:
    for name, cells in (("main", task_cells(scores, study)), ("xquad", language_cells(scores, study)["xquad"])):
        table = pd.read_csv(folder / f"{name}.csv")
        columns = ["model", "split", "arm", "target", "score", "seeds", "gain", "gain_seeds", "n"]
        pd.testing.assert_frame_equal(table[columns], cells[columns], check_exact=True)
        assert not table["synthetic"].any() and set(table["study"]) == {"small_one"}
        assert set(table.loc[table["control"], "arm"]) == {"random"}


def test_scores_survive_the_csv_unrounded(make_scores: MakeScores, tmp_path: Path) -> None:
    study = load(study_config(targets={"tatoeba": {"languages": ["de"]}}, seeds=[1]))
    score = 100 / 3
    write_tables(make_scores([("none", "tatoeba", "de", "accuracy", 1, score)]), NO_DEV, study, tmp_path)
    table = pd.read_csv(tmp_path / "tatoeba.csv")
    assert table.loc[(table["arm"] == "none") & (table["language"] == "de"), "score"].item() == score


def test_the_same_scores_give_the_same_bytes(folder: Path, scores: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    again = write_tables(scores.sample(frac=1, random_state=5), NO_DEV, study, tmp_path / "again")
    assert all(file.read_bytes() == (folder / file.name).read_bytes() for file in again)


def test_latex_is_escaped(folder: Path) -> None:
    text = (folder / "main.tex").read_text()
    assert r"two\_tasks" in text and r"study small\_one" in text
    assert "$-$11.0" in text and "+23.5" in text and "& --" in " ".join(text.split())
    assert text.isascii()
    nasty = TablePage(
        "100 % of {a_b} & #1 ~ ^ $", "", [], [TableBlock("m", "l", ["arm", "50%_&"], [["c_d", "1.0"], None])]
    )
    lines = latex(nasty)
    assert r"100 \% of \{a\_b\} \& \#1 \textasciitilde{} \textasciicircum{} \$" in lines
    assert r"50\%\_\&" in lines and r"c\_d" in lines


def test_many_languages_are_broken_into_panels(make_scores: MakeScores, tmp_path: Path) -> None:
    study = load(study_config(targets={"panx": {}}, seeds=[1]))
    scores = make_scores(("none", "panx", language, "f1", 1, 50.0) for language in study.languages("panx"))
    write_tables(scores, NO_DEV, study, tmp_path)
    headers = [line.split("|")[2:-1] for line in (tmp_path / "panx.md").read_text().splitlines() if "| arm" in line]
    languages = [name.strip() for header in headers for name in header]
    assert languages[:3] == ["en", "zero-shot", "mean"]
    assert sorted(languages) == sorted([*study.languages("panx"), "zero-shot", "mean"])
    assert max(map(len, headers)) <= 13


def test_languages_without_data_are_named(make_scores: MakeScores, tmp_path: Path) -> None:
    study = load(study_config(targets={"xquad": {"languages": ["en", "de", "vi"]}}, seeds=[1]))
    write_tables(make_scores(xquad("none", 1, (70, 80), (50, 60))), NO_DEV, study, tmp_path)
    assert "XQuAD, test: no scores in 1 of 3 languages (vi)." in (tmp_path / "main.md").read_text()


def test_targets_without_labels_point_to_the_submission(scores: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    why = "its jobs are not done, or the release's test labels are stripped (predictions: submission/)"
    said = f"XQuAD, test: not scored: {why}."
    write_tables(scores[scores["target"] != "xquad"], NO_DEV, study, tmp_path / "one")
    for name in ("main.md", "main.tex", "groups.md", "xquad.md"):
        assert said in (tmp_path / "one" / name).read_text(), name
    assert "Tatoeba, test" not in (tmp_path / "one" / "main.md").read_text()
    assert markdown_rows(tmp_path / "one" / "main.md")["MNLI"] == ["–", "+23.5", "–"]
    files = write_tables(SCORES.empty_table().to_pandas(), NO_DEV, study, tmp_path / "none")
    assert said in (tmp_path / "none" / "main.md").read_text() and len(files) == len(
        list((tmp_path / "none").iterdir())
    )


def test_group_table(folder: Path) -> None:
    rows = markdown_rows(folder / "groups.md")
    assert rows["arm"] == ["Question answering", "Retrieval", "Average"]
    assert rows["MNLI"] == ["+0.7", "+23.5", "+12.1"]
    assert "Question answering: XQuAD; Retrieval: Tatoeba." in (folder / "groups.md").read_text()
    assert set(pd.read_csv(folder / "groups.csv")["group"]) == {"question_answering", "retrieval", AVERAGE}


def test_scores_on_a_part_of_the_data_say_so_in_every_file(scores: pd.DataFrame, tmp_path: Path) -> None:
    limited = load(study_config(examples={"eval": 50}))
    assert limited.warning
    for file in write_tables(scores, NO_DEV, limited, tmp_path):
        if file.suffix == ".csv":
            assert pd.read_csv(file)["limited"].all()
        else:
            assert limited.warning in file.read_text(), file.name


def test_retrieval_settings_are_stated_task_by_task(make_scores: MakeScores, tmp_path: Path) -> None:
    both = {"tatoeba": {"languages": ["de"]}, "bucc2018": {"languages": ["de"]}}
    retrieval = {"layer": 14, "tasks": {"bucc2018": {"layer": 20, "pooling": "first_token"}}}
    study = load(study_config(targets=both, seeds=[1], retrieval=retrieval))
    write_tables(make_scores([("none", "tatoeba", "de", "accuracy", 1, 50.0)]), NO_DEV, study, tmp_path)
    text = (tmp_path / "main.md").read_text()
    assert "BUCC2018 from the hidden states of layer 20, first token" in text
    assert "Tatoeba from the hidden states of layer 14, mean over positions" in text


def test_models_and_splits_have_tables_of_their_own(scores: pd.DataFrame, tmp_path: Path) -> None:
    models = {"xlmr": {"path": "a"}, "mbert": {"path": "b"}}
    study = load(study_config(models=models, splits=["dev", "test"]))
    other = scores.assign(model="mbert", split="dev", score=scores["score"] / 2)
    write_tables(pd.concat([scores, other]), NO_DEV, study, tmp_path)
    text = (tmp_path / "main.md").read_text()
    blocks = {block.splitlines()[0]: block for block in text.split("## ")[1:]}
    assert list(blocks) == ["xlmr, dev", "xlmr, test", "mbert, dev", "mbert, test"]
    assert "63.0" in blocks["xlmr, test"] and "31.5" in blocks["mbert, dev"] and "31.5" not in blocks["xlmr, dev"]
    assert (tmp_path / "main.tex").read_text().count(r"\begin{table*}") == 4


def test_synthetic_scores_say_so_in_every_file(
    synthetic_scores: pd.DataFrame, synthetic_study: Study, tmp_path: Path
) -> None:
    for file in write_tables(synthetic_scores, NO_DEV, synthetic_study, tmp_path):
        if file.suffix == ".csv":
            assert pd.read_csv(file)["synthetic"].all()
        else:
            assert SYNTHETIC in file.read_text()
    assert SYNTHETIC in main_table_text(synthetic_scores, synthetic_study)


def test_text_for_the_terminal(scores: pd.DataFrame, study: Study) -> None:
    lines = [line.split() for line in main_table_text(scores, study).splitlines()]
    assert ["MNLI", "+0.7", "+23.5", "+12.1"] in lines


def test_a_study_that_has_only_its_baseline(scores: pd.DataFrame, tmp_path: Path) -> None:
    study = load(study_config(arms={"none": {}}))
    write_tables(scores[scores["arm"] == "none"], NO_DEV, study, tmp_path)
    assert set(pd.read_csv(tmp_path / "main.csv")["target"]) == {"xquad", "tatoeba", AVERAGE}


def bold(file: Path) -> set[tuple[str, str]]:
    """Return the row labels and texts of all bold cells of a Markdown file."""
    rows = [line.strip("|").split("|") for line in file.read_text().splitlines() if line.startswith("|")]
    return {(label.strip(), cell.strip(" *")) for label, *cells in rows for cell in cells if "**" in cell}


def test_the_best_arm_of_each_column_is_bold_and_a_control_never_is(folder: Path, scores: pd.DataFrame) -> None:
    assert bold(folder / "main.md") == {("two_tasks", "+5.0†"), ("MNLI", "+23.5"), ("MNLI", "+12.1")}
    assert "Bold: the best arm of a column, controls aside" in (folder / "main.md").read_text()
    assert [line.count(r"\textbf{") for line in tex_rows(folder / "main.tex") if "MNLI" in line] == [2]
    assert "<strong>+23.5</strong>" in (folder / "main.html").read_text()
    assert bold(folder / "dev.md") == set(), "dev scores are no results"


def test_a_control_that_scores_best_is_not_bold_either(scores: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    best = scores.assign(score=scores["score"].where(scores["arm"] != "random", 99.0))
    write_tables(best, NO_DEV, study, tmp_path)
    assert markdown_rows(tmp_path / "main.md")["random (control)"][0].startswith("+")
    assert ("two_tasks", "+5.0†") in bold(tmp_path / "main.md")
    assert not [label for label, _ in bold(tmp_path / "main.md") if "control" in label]


def test_the_baseline_is_bold_where_no_arm_gains(scores: pd.DataFrame, study: Study, tmp_path: Path) -> None:
    worse = scores.assign(score=scores["score"].where(scores["arm"] == "none", scores["score"] / 10))
    write_tables(worse, NO_DEV, study, tmp_path)
    assert bold(tmp_path / "main.md") == {("none (baseline)", text) for text in ("63.0", "31.0", "47.0")}
    write_tables(scores[scores["arm"] == "none"], NO_DEV, study, tmp_path)
    assert bold(tmp_path / "main.md") == set(), "there is nothing that the baseline is better than"


def test_the_report_and_the_tables_agree_on_what_is_best(folder: Path, scores: pd.DataFrame, study: Study) -> None:
    (shown,) = main_tables(scores, study)
    strong = {(row[0].text, cell.text) for row in shown.rows for cell in row if cell.strong}
    assert strong == bold(folder / "main.md")


def test_terminal_text_has_no_bold_and_does_not_speak_of_it(scores: pd.DataFrame, study: Study) -> None:
    text = main_table_text(scores, study)
    assert "Bold" not in text and "*" not in text


def test_every_html_file_stands_alone_and_names_its_rows_and_columns(folder: Path) -> None:
    for file in folder.glob("*.html"):
        text = file.read_text()
        page = Html(text)
        tags = [tag for tag, _ in page.elements]
        assert text.startswith("<!DOCTYPE html>") and {"title", "style", "h1"} <= set(tags), file.name
        assert not {"script", "link", "img"} & set(tags) and "http" not in text, file.name
        assert tags.count("table") == tags.count("caption"), file.name
        assert all(attrs["scope"] in ("col", "row") for tag, attrs in page.elements if tag == "th"), file.name


def test_languages_by_arm_are_means_over_fine_tuned_targets(folder: Path) -> None:
    table = pd.read_csv(folder / "languages.csv").set_index(["arm", "target", "language"])
    assert table.loc[("mnli", "fine_tuned", "de"), ["gain", "targets"]].tolist() == [1.375, 1], "no Tatoeba in it"
    assert table.loc[("mnli", "tatoeba", "de"), "gain"] == 23.5
    blocks = (folder / "languages.md").read_text().split("\n## ")
    names = [block.splitlines()[0] for block in blocks[1:]]
    assert names == [
        "xlmr, test: arms, mean over fine-tuned targets",
        "xlmr, test: none (baseline), points",
        "xlmr, test: MNLI, gains",
        "xlmr, test: two_tasks, gains",
        "xlmr, test: random (control), gains",
    ]
    assert markdown_rows(folder / "languages.md")["targets in the mean"] == ["1", "1"]
    (tatoeba,) = (line for line in blocks[2].splitlines() if line.startswith("| Tatoeba"))
    assert [cell.strip(" *") for cell in tatoeba.strip("|").split("|")] == ["Tatoeba", "0.0", "", "31.0"], (
        "it has no English"
    )
    assert "Languages: en English, de German." in blocks[-1]


def test_a_mean_that_lacks_a_target_is_missing_and_unscored_targets_count_for_none(
    make_scores: MakeScores, tmp_path: Path
) -> None:
    study = load(study_config(targets={name: {"languages": ["de"]} for name in ("xnli", "pawsx", "panx")}, seeds=[1]))
    rows = [("none", "xnli", "de", "accuracy", 1, 50.0), ("none", "pawsx", "de", "accuracy", 1, 70.0)]
    rows += [("mnli", "xnli", "de", "accuracy", 1, 54.0), ("mnli", "pawsx", "de", "accuracy", 1, 72.0)]
    rows += [("two_tasks", "xnli", "de", "accuracy", 1, 99.0)]
    write_tables(make_scores(rows), NO_DEV, study, tmp_path)
    table = pd.read_csv(tmp_path / "languages.csv")
    means = table[table["target"] == "fine_tuned"].set_index("arm")
    assert set(means["targets"]) == {2}
    assert means.loc["none", "score"] == 60 and means.loc["mnli", "gain"] == 3
    assert means.loc[["two_tasks", "random"], "score"].isna().all()


@pytest.mark.parametrize(
    "changes",
    [
        {"arms": {"none": {}}},
        {"targets": {"tatoeba": {"languages": ["de"]}}},
        {"targets": {"xnli": {"languages": ["en"]}}, "seeds": [7]},
        {"splits": ["dev", "test"]},
    ],
    ids=["baseline alone", "retrieval alone", "English alone", "two splits"],
)
def test_studies_without_any_score_have_all_tables(changes: dict[str, object], tmp_path: Path) -> None:
    study = load(study_config(**changes))
    files = write_tables(SCORES.empty_table().to_pandas(), NO_DEV, study, tmp_path)
    assert {file.stem for file in files} >= {"main", "languages", "ledger", "data"}
    assert all(file.stat().st_size for file in files)

"""The report page: its content for complete and partial studies, and that it loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from small_page import SVG, Html, answers, figure
from small_study import MakeScores, study_config, xquad

from xstilts.config.study import SYNTHETIC, Study, load
from xstilts.graph.runs import Job
from xstilts.report.coverage import missing_scores
from xstilts.report.page import PageContent, PageFigure, write_page
from xstilts.report.page.page import SECTIONS, render
from xstilts.scores.flags import usable, with_flags
from xstilts.tasks.registry import TASKS


@pytest.fixture(scope="module")
def full(study: Study, scores: pd.DataFrame) -> str:
    """A report in which 'random' lacks Tatoeba and 'two_tasks' lacks XQuAD's German with seed 2."""
    return render(
        PageContent(
            study,
            scores,
            answers=answers(),
            figures={name: figure(name) for name in ("gains", "q1", "q1_more", "missing", "slopes")},
            absent={"code_gap": "no pair of encoders"},
            missing=missing_scores(scores, study, {}),
            records=[
                {
                    "place": "records/xlmr/none/squad_v1/seed1.json",
                    "seconds": 5400,
                    "spec": {"job": "finetune"},
                    "hardware": {"device": "a GPU", "precision": "bfloat16"},
                    "software": {"torch": "2.13.0"},
                }
            ],
            commit="abc-dirty",
        )
    )


def assert_is_whole(html: str) -> Html:
    """Check that all sections exist, nothing is loaded, links have targets, and ids and labels are valid."""
    page = Html(html)
    ids = page.values("id")
    assert not [name for name, count in Counter(ids).items() if count > 1]
    assert set(SECTIONS) - {"models"} <= set(ids) and {"q1", "q2", "q3", "q4", "q5"} <= set(ids)
    assert not page.values("src") and not page.values("srcset") and not re.search(r"@import|url\((?!#)", html)
    for target in page.values("href"):
        is_citation = target.startswith("https://arxiv.org/abs/") and target in page.values("href", "a")
        is_file = target.startswith(
            ("data:text/csv;charset=utf-8;base64,", "data:application/json;charset=utf-8;base64,")
        )
        assert target == "data:," or is_citation or is_file or target[1:] in ids, target
    assert set(page.values("aria-labelledby")) <= set(ids)
    tags = [tag for tag, _ in page.elements]
    unnamed = page.values("id", "table").count("explorer-table")  # its caption is made by the page's script
    assert tags.count("h1") == 1 and tags.count("caption") == tags.count("table") - unnamed
    assert all(
        "aria-label" in attrs and "tabindex" in attrs for _, attrs in page.elements if attrs.get("class") == "scroll"
    )
    return page


def test_a_whole_report_has_every_part(full: str) -> None:
    text = assert_is_whole(full).text
    for shown in (
        "1 model × 4 arms × 2 target tasks × 2 seeds",
        "16 evaluations planned, 13 scored, 1 scored in some languages only and 2 missing",
        "MNLI", "two_tasks", "random (control)", "What gains shows.",
        "✓ supported The interval is below 0.",
        "Slope: −1.25 points per SD (95 % interval −2.00 to −0.50; p = 0.012; adjusted 0.048; 7 languages).",
        "– not asked by this study", "There is no pair of encoders.", "This report was made without an analysis",
        "Gains fall with distance.", "Causes.", "< 0.001",
        "code gap: no pair of encoders", "1.5 h", "a GPU, bfloat16", "2.13.0", "abc-dirty",
        "folder models/xlmr", "CC BY-SA 4.0", "The training data for XQuAD is that of SQuAD 1.1",
        "arXiv 2005.13013",
    ):  # fmt: skip
        assert " ".join(shown.split()) in " ".join(text.split()).replace(" .", "."), shown
    assert SYNTHETIC not in text and not re.search(r"\bNone\b|\bnan\b", text)


def test_the_best_arm_of_a_target_is_bold(full: str) -> None:
    bold = re.findall(r"<strong>([^<]*)</strong>", full)
    assert "+5.0†" in bold, "XQuAD: two_tasks"
    assert "+23.5" in bold and "+0.7" not in bold


def test_the_baseline_is_bold_where_no_arm_gains(study: Study, make_scores: MakeScores) -> None:
    arms = [("none", 60.0), ("mnli", 55.0), ("two_tasks", 50.0)]
    rows = [row for arm, score in arms for seed in (1, 2) for row in xquad(arm, seed, (score, score), (score, score))]
    bold = re.findall(r"<strong>([^<]*)</strong>", render(PageContent(study, make_scores(rows))))
    assert "60.0" in bold and "−5.0" not in bold


def test_figures_stand_where_their_keys_say(full: str) -> None:
    def place(name: str) -> int:
        return full.index(f'<figure id="figure-{name}">')

    starts = {name: full.index(f'<h2 id="{name}">') for name in SECTIONS if name != "models"}
    assert starts["results"] < place("gains") < place("slopes") < starts["questions"]
    assert full.index('<h3 id="q1">') < place("q1") < place("q1_more") < full.index('<h3 id="q2">')
    assert "missing" not in re.findall(r'<figure id="figure-(\w+)"', full), "its table says the same with reasons"


def test_missing_cells_are_listed_with_their_reason(full: str) -> None:
    missing = Html(full[full.index('<h2 id="missing">') : full.index('<h2 id="run">')].rpartition("</section>")[0])
    text = " ".join(missing.text.split())
    assert "two_tasks XQuAD 2 de" in text and "random (control) Tatoeba" in text
    assert "In every row: model" not in text, "the first column stays"
    assert "why its job is done, but wrote no score for it." in text


def test_a_study_without_results_says_what_is_missing(study: Study) -> None:
    page = assert_is_whole(render(PageContent(study)))
    assert "There are no scores yet" in page.text and "There are no scores on dev data" in page.text
    assert "made without the heat map" in page.text and "Run times are not known" in page.text
    assert "No question has been analysed" in page.text and "16 evaluations planned, 0 scored, 16 missing" in page.text


def test_a_synthetic_study_says_so_first(synthetic_study: Study, synthetic_scores: pd.DataFrame) -> None:
    html = render(PageContent(synthetic_study, synthetic_scores))
    page = assert_is_whole(html)
    assert SYNTHETIC in page.text and html.index(SYNTHETIC) < html.index("<h2")
    assert "One seed is too few to be sure." in page.text and "on synthetic languages" in page.text
    assert "Nothing is compared" in page.text and "generated, seed 1" in page.text


def test_a_limited_study_says_so(scores: pd.DataFrame) -> None:
    limited = load(study_config(examples={"train": 20, "eval": 50}))
    assert limited.warning in " ".join(assert_is_whole(render(PageContent(limited, scores))).text.split())


def test_adapters_are_among_the_methods(study: Study) -> None:
    assert "LoRA" not in assert_is_whole(render(PageContent(study))).text
    arms = {"none": {}, "light": {"tasks": ["mnli"], "training": {"lora": {}}}}
    adapted = load(study_config(arms=arms, training={"target": {"tasks": {"squad_v1": {"lora": {}}}}}))
    text = " ".join(assert_is_whole(render(PageContent(adapted))).text.split())
    assert "“light” trains an adapter (LoRA) in place of the encoder’s weights." in text
    assert "On SQuAD 1.1, an adapter (LoRA) is trained in place of the encoder’s weights." in text


def test_a_study_of_its_baseline_alone_without_retrieval(make_scores: MakeScores) -> None:
    study = load(study_config(arms={"none": {}}, targets={"xquad": {"languages": ["de"]}}, seeds=[1]))
    page = assert_is_whole(render(PageContent(study, make_scores([("none", "xquad", "de", "f1", 1, 50.0)]))))
    assert "the study has no arm to compare with the baseline." in page.text
    assert "nearest neighbours" not in page.text, "retrieval has no part in this study's methods"


def test_scores_that_are_all_the_same_have_no_shades(study: Study, make_scores: MakeScores) -> None:
    rows = [row for arm in study.arms for seed in (1, 2) for row in xquad(arm, seed, (50, 50), (50, 50))]
    html = render(PageContent(study, make_scores(rows)))
    assert "gain-1" in html and not re.search(r'class="(gain|loss)-\d"', html)


def test_html_in_names_is_escaped(scores: pd.DataFrame) -> None:
    """Names of arms and models are restricted; paths, versions and texts of figures are not."""
    bad = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    study = load(study_config(models={"xlmr": {"path": bad}}))
    image = PageFigure("gains", bad, bad, f'"{bad}', SVG, None, bad, bad)
    record = {
        "place": bad,
        "spec": {"job": bad},
        "hardware": {"device": bad},
        "software": {bad: bad},
        "seconds": 1,
    }
    content = PageContent(study, scores, figures={"gains": image}, absent={bad: bad}, records=[record], commit=bad)
    page = assert_is_whole(render(content))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 2 and "img" not in tags and not page.values("onerror")
    assert page.text.count("<script>alert(1)</script>") >= 6


def test_the_explorers_data_are_safe_and_complete(full: str) -> None:
    found = re.search(r'<script type="application/json" id="explorer-data">(.*?)</script>', full, re.DOTALL)
    assert found and not set("<>&") & set(found[1])
    data = json.loads(found[1])
    cells = data["cells"]["xlmr"]["test"]["xquad"]
    # German: 55 and 45 against 57 and 45.75, of 100 examples with each of two seeds
    assert cells["mnli"]["de"] == [51.38, 1.38, 0.75, 2.0, 2, 100]
    assert cells["two_tasks"]["de"][4] == 1 and "de" not in data["cells"]["xlmr"]["test"]["tatoeba"].get("random", {})
    assert data["languages"]["de"]["name"] == "German"


def test_only_the_pages_own_script_may_run(full: str) -> None:
    script = re.findall(r"<script>(.*?)</script>", full, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = next(attrs["content"] for tag, attrs in Html(full).elements if attrs.get("http-equiv"))
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy


def test_the_same_content_gives_the_same_file(study: Study, scores: pd.DataFrame, full: str, tmp_path: Path) -> None:
    content = PageContent(study, scores.sample(frac=1, random_state=3))
    write_page(content, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(PageContent(study, scores))


def test_a_study_of_xtremes_size_fits_into_six_megabytes(make_scores: MakeScores, tmp_path: Path) -> None:
    """Twelve arms, nine targets in all their languages, three seeds."""
    names = ("mnli", "qqp", "anli", "squad_v2", "squad_v1", "hellaswag", "ccg", "cosmosqa", "commonsenseqa")
    arms = {"none": {}, **{name: {"tasks": [name]} for name in names}, "random": {"weights": "random"}}
    targets = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")
    study = load(study_config(arms=arms, targets={target: {} for target in targets}, seeds=[1, 2, 3]))
    scores = make_scores(
        (arm, target, language, metric, seed, (hash_ * 7919 % 1000) / 10)
        for hash_, (arm, target, language, metric, seed) in enumerate(
            (arm, target, language, metric, seed)
            for arm in arms
            for target in targets
            for language in study.languages(target)
            for metric in TASKS[target].primary_metrics
            for seed in study.seeds
        )
    )
    write_page(PageContent(study, scores), tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 1_500_000, "without figures; with them six megabytes at most"
    assert_is_whole((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_published_scores_stand_beside_our_own(make_scores: MakeScores) -> None:
    study = load(study_config(targets={"xquad": {}}, seeds=[1], arms={"none": {}}))
    languages = study.languages("xquad")
    both = ("f1", "exact_match")
    scores = make_scores(("none", "xquad", code, metric, 1, 70.0) for code in languages for metric in both)
    text = " ".join(assert_is_whole(render(PageContent(study, scores))).text.split())
    assert "xlmr, means over languages" in text and "XQuAD F1 XLM-R Large, none 70.0 1100 76.6 −6.6 S" in text
    assert "In every row: split test; language mean" in text and "Differences in protocol" in text


def test_a_verdict_on_synthetic_languages_is_marked_as_an_exercise(study: Study) -> None:
    exercises = [replace(answer, exercise=True) for answer in answers()]
    text = " ".join(Html(render(PageContent(study, answers=exercises))).text.split())
    assert "✓ supported (exercise on synthetic languages) The interval is below 0" in text
    assert text.count("(exercise on synthetic languages)") == 1
    assert "exercise" not in " ".join(Html(render(PageContent(study, answers=answers()))).text.split())


def test_what_no_seed_has_learnt_is_marked_and_listed_with_the_reason(study: Study, scores: pd.DataFrame) -> None:
    flag = "not learnt: 33.5 on English dev, at chance, like all 2 seeds (chance is 33.3)"
    flags = {Job("xlmr", "mnli", "squad_v1", seed): flag for seed in (1, 2)}
    every = with_flags(scores, flags, study)
    content = PageContent(study, usable(every), flagged=every[every["flag"].notna()])
    text = " ".join(Html(render(content)).text.split())
    assert "MNLI × +23.5" in text and "×: no seed has learnt its training set" in text
    assert (
        "xlmr 1 67.0" in text
        and f"In every row: arm MNLI; target XQuAD; split test; why it is excluded {flag}." in text
    )
    assert "chance 0.0" in text

"""Loading a finished study; the snippets of docs/results.md run on it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from made_up import study_of, write_study

import xstilts
from xstilts.data.examples import Provenance, write
from xstilts.errors import DataError, UserError
from xstilts.graph.paths import Paths
from xstilts.results import StudyResults
from xstilts.task_types import canonical_schema
from xstilts.tasks.registry import TASKS

DOCS = Path(__file__).parents[1] / "docs" / "results.md"

#: Of 40 examples, how many each arm gets right in English; one fewer elsewhere.
RIGHT = {"none": 24, "mnli": 36, "qqp": 20, "random": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with the results of one study."""
    root = tmp_path_factory.mktemp("work")
    write_study(root / "results" / "my_study", study_of(), RIGHT)
    examples = [{"id": str(n), "premise": f"Is it {n}?", "hypothesis": "It is.", "label": "neutral"} for n in range(40)]
    path = Paths(root / "results" / "my_study").examples("xnli", "test", "de")
    path.parent.mkdir(parents=True)
    table = pa.Table.from_pylist(examples, schema=canonical_schema(TASKS["xnli"]))
    write(path, TASKS["xnli"], table, Provenance("xnli", "test", "de", "test", "none", False), "test")
    return root


@pytest.fixture(scope="module")
def results(folder: Path) -> StudyResults:
    return xstilts.load_results(folder / "results" / "my_study")


@pytest.fixture
def broken(tmp_path: Path) -> Paths:
    """A study that tests may damage."""
    write_study(tmp_path / "my_study", study_of(seeds=[1]), RIGHT)
    return Paths(tmp_path / "my_study")


class TestFrames:
    def test_gains_are_over_the_baseline(self, results: StudyResults) -> None:
        found = results.gains.groupby("arm")["gain"].unique()
        assert {arm: list(gain) for arm, gain in found.items()} == {"mnli": [30], "qqp": [-10], "random": [-40]}
        assert results.missing.empty

    def test_effects_have_a_row_per_arm_target_and_mean(self, results: StudyResults) -> None:
        assert len(results.effects) == 3 * (3 + 3 + 2)
        assert set(results.effects["seeds"]) == {2}

    def test_tests_see_what_the_scores_say(self, results: StudyResults) -> None:
        tests = results.cell_tests
        assert tests["p"].notna().all()
        pd.testing.assert_series_equal(tests["gain"], tests["difference"], check_names=False)
        assert set(tests.query("arm == 'mnli'")["p"]) == {2.0**-11}  # twelve examples, all the same way

    def test_predictions_of_a_part_are_those_rows_of_all(self, results: StudyResults) -> None:
        every = results.predictions()
        assert len(every) == 4 * 2 * 6 * 40
        part = results.predictions(target="xnli", language="de", arm="mnli")
        chosen = every.query("target == 'xnli' and language == 'de' and arm == 'mnli'")
        pd.testing.assert_frame_equal(part, chosen.reset_index(drop=True))
        assert list(part.columns[:4]) == ["model", "arm", "seed", "target"] and set(part["seed"]) == {1, 2}
        assert set(results.predictions(target="tatoeba")["target"]) == {"tatoeba"}

    def test_languages_are_those_of_the_study(self, results: StudyResults) -> None:
        assert list(results.languages.index) == ["de", "en", "sw"]

    def test_a_file_of_the_study_does_as_well_as_its_folder(self, folder: Path, results: StudyResults) -> None:
        again = xstilts.load_results(str(folder / "results" / "my_study" / "scores.parquet"))
        pd.testing.assert_frame_equal(again.scores, results.scores)

    def test_repr_names_the_study_and_its_warning(self, results: StudyResults, tmp_path: Path) -> None:
        assert repr(results) == "<Results of 'my_study': 1 model, 4 arms, 3 targets, 2 seeds.>"
        write_study(tmp_path, study_of(source={"kind": "synthetic"}, targets={"xnli": {"languages": ["en"]}}), RIGHT)
        assert "say nothing about real languages" in repr(xstilts.load_results(tmp_path))


class TestMistakes:
    def test_no_such_study_names_those_there_are(self, folder: Path) -> None:
        with pytest.raises(UserError, match=r"my_stud: no study's results are here\. Studies in .*: my_study\."):
            xstilts.load_results(folder / "results" / "my_stud")
        with pytest.raises(UserError, match="Give the folder"):
            xstilts.load_results(folder / "nowhere" / "at_all")

    def test_an_unfinished_study_says_how_far_it_is(self, broken: Paths) -> None:
        broken.scores.unlink()
        (broken.root / "scores" / "xlmr" / "none" / "xnli").mkdir(parents=True)
        broken.part("scores", "xlmr", "none", "xnli", 1).touch()
        with pytest.raises(UserError, match="not finished; 1 of its 12 evaluations have scores"):
            xstilts.load_results(broken.root)

    def test_scores_of_an_earlier_version_of_the_study(self, broken: Paths) -> None:
        config = broken.study.read_text(encoding="utf-8")
        broken.study.write_text(config.replace('"qqp"', '"anli"'), encoding="utf-8")
        with pytest.raises(DataError, match=r"scores of arm 'qqp', which study\.json does not"):
            xstilts.load_results(broken.root)

    def test_predictions_of_what_the_study_has_not(self, results: StudyResults) -> None:
        for wrong, sentence in (
            ({"target": "xnil"}, "no target 'xnil'. Did you mean 'xnli'?"),
            ({"language": "fr"}, "no language 'fr'. Valid names: de, en, sw."),
            ({"arm": "mnil"}, "no arm 'mnil'. Did you mean 'mnli'?"),
        ):
            with pytest.raises(UserError, match=re.escape(sentence)):
                results.predictions(**wrong)

    def test_predictions_that_were_deleted(self, broken: Paths) -> None:
        lost = broken.part("predictions", "xlmr", "mnli", "xnli", 1)
        lost.unlink()
        found = xstilts.load_results(broken.root)
        with pytest.raises(DataError, match="these predictions are missing"):
            found.predictions(target="xnli")
        untested = found.cell_tests.query("p.isna()")
        assert set(zip(untested["arm"], untested["target"], strict=True)) == {("mnli", "xnli")}


def test_importing_the_package_loads_nothing_else() -> None:
    code = "import sys, xstilts; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'load_result'"):
        xstilts.load_result  # noqa: B018


@pytest.fixture(scope="module")
def names(folder: Path) -> dict[str, Any]:
    """The names that the snippets of docs/results.md define, run one after the other as in a notebook."""
    snippets = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len(snippets) == 7
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for snippet in snippets:
            exec(snippet, names)
    return names


class TestDocs:
    def test_best_arm(self, names: dict[str, Any]) -> None:
        best = names["best"].set_index("target")
        assert best["arm"].to_dict() == {"xnli": "mnli", "udpos": "mnli", "tatoeba": "mnli"}
        assert set(best["gain"]) == {30}

    def test_gain_by_distance(self, names: dict[str, Any]) -> None:
        assert names["by_distance"]["name"].tolist() == ["English", "German", "Swahili"]
        assert names["by_distance"]["gain"].tolist() == [30, 30, 30]

    def test_significant_cells(self, names: dict[str, Any]) -> None:
        assert names["untested"].empty
        # qqp differs on four examples only; of the control's sixteen nobody doubts it
        assert names["significant"]["arm"].value_counts().to_dict() == {"mnli": 6, "random": 6}

    def test_examples_on_which_arms_differ(self, names: dict[str, Any]) -> None:
        differing = names["differing"]
        assert differing.index.get_level_values("example").tolist() == [str(place) for place in range(23, 35)]
        assert differing.to_numpy().tolist() == [["no", "yes"]] * 12

    def test_mistakes(self, names: dict[str, Any]) -> None:
        assert names["wrong"]["premise"].tolist() == [f"Is it {n}?" for n in range(35, 40)] * 2, "with two seeds"
        assert names["frequent"].query("arm == 'random'")["count"].tolist() == [66]

    def test_table(self, names: dict[str, Any]) -> None:
        table = names["table"]
        assert table.index.tolist() == ["none", "mnli", "qqp", "random"]
        assert table.columns.tolist() == ["xnli", "udpos", "tatoeba", "average"]
        assert table.loc["mnli", "xnli"] == pytest.approx((90 + 87.5 + 87.5) / 3)

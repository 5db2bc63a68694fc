"""``xstilts init``: what a new study holds, that it loads, and that nothing is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_encoders
import yaml
from typer.testing import CliRunner
from workspace import REPOSITORY

from xstilts.cli.commands import app
from xstilts.config.study import Study, load
from xstilts.drafts.yaml_text import as_yaml
from xstilts.errors import UserError

STUDIES = REPOSITORY / "workflow" / "studies"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def shipped(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((STUDIES / f"{name}.yaml").read_text(encoding="utf-8")))


def init(*options: str, name: str = "mine") -> tuple[Study, str]:
    """The study that is written, and its text."""
    done = CliRunner().invoke(app, ["init", *options, name])
    if done.exception:
        raise done.exception
    text = Path(f"{name}.yaml").read_text(encoding="utf-8")
    return load(yaml.safe_load(text)), text


def test_has_the_values_of_the_published_study() -> None:
    study, text = init()
    published = load(shipped("phang2020"))
    assert study.training_sets() == ("xnli", "udpos", "panx", "squad_v1", "tydiqa")
    for name in study.training_sets():
        assert study.target(name) == published.target(name), name
    assert study.intermediate("mnli") == published.intermediate("mnli")
    for task in study.tasks():
        assert study.encoding_of(task) == published.encoding_of(task), task
    assert study.embedding_of("tatoeba") == published.embedding_of("tatoeba")
    assert study.compute.precision == "auto"
    assert "learning_rate: 1.0e-5 # as published for XLM-R Large" in text


def test_xtreme_r_s_own_values_stand_over_those_of_the_paper() -> None:
    study, _ = init("--questions", "5")
    assert study.target("copa") == load(shipped("q5_xtreme_r")).target("copa")


@pytest.mark.parametrize(
    ("number", "name"),
    [(1, "q1_typology"), (2, "q2_code"), (3, "q3_domain"), (4, "q4_size_diversity"), (5, "q5_xtreme_r")],
)
def test_a_question_has_the_arms_and_targets_of_its_study(number: int, name: str) -> None:
    study, text = init("--questions", str(number))
    asked = load(shipped(name))
    assert study.arms == asked.arms and study.targets == asked.targets and study.text == asked.text
    assert study.benchmark == asked.benchmark and study.seeds == asked.seeds
    assert [model.code_of for model in study.models.values()] == [model.code_of for model in asked.models.values()]
    assert f"# Question {number}: " in text
    for target in study.targets:
        assert study.languages(target) == asked.languages(target)


def test_several_questions_have_the_arms_and_targets_of_all() -> None:
    study, _ = init("--questions", "Q4,1")
    wanted = [load(shipped(name)) for name in ("q1_typology", "q4_size_diversity")]
    assert {*study.arms} == {name for each in wanted for name in each.arms}
    assert {*study.targets} == {name for each in wanted for name in each.targets}


def test_continued_models_start_from_the_encoder_that_is_asked_for() -> None:
    study, _ = init("--questions", "2", "--model", "xlm-roberta-base")
    assert study.models["code"].continues and study.models["code"].continues.parent == "xlm-roberta-base"
    assert study.embedding_of("tatoeba").layer == 7


@pytest.mark.parametrize("questions", ["", "3", "1,2,3,4,5"])
def test_of_the_hub_only_what_it_has(questions: str) -> None:
    study, text = init("--source", "hub", "--questions", questions)
    assert "bucc2018" not in study.targets and "el" not in study.languages("udpos")
    assert ("xstilts run mine.yaml prefetch" in text and "not on the Hub" in text) or not questions


def test_the_synthetic_one_is_the_demo_under_another_name() -> None:
    init("--source", "synthetic")
    demo = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    assert yaml.safe_load(Path("mine.yaml").read_text(encoding="utf-8")) == demo | {"study": "mine"}


class TestEncoders:
    def test_a_folder_s_config_decides(self) -> None:
        tiny_encoders.write("xlmr", Path("My Encoder"))
        study, text = init("--model", "My Encoder", "--tasks", "tatoeba,xnli,xquad,mnli")
        assert study.models["my_encoder"].path == "My Encoder"
        assert "XLMRobertaModel: 2 layers, 16 units wide, inputs of up to 64 tokens, " in text
        assert study.embedding_of("tatoeba").layer == 1
        assert study.target("xnli").rates == study.intermediate("mnli")[0].rates == (1.5e-3,)
        assert max(study.encoding_of(task).max_length for task in study.tasks()) == 64

    @pytest.mark.parametrize(("width", "rate"), [(255, 1.5e-3), (256, 5e-5), (384, 5e-5), (768, 1e-5), (2048, 1e-5)])
    def test_the_rate_depends_on_the_width(self, width: int, rate: float) -> None:
        Path("encoder").mkdir()
        Path("encoder/config.json").write_text(f'{{"hidden_size": {width}}}', encoding="utf-8")
        study, _ = init("--model", "encoder")
        assert study.target("xnli").rates == (rate,)

    def test_one_of_the_hub_is_named_by_its_commit(self) -> None:
        path = f"hf://someone/encoder@{'0' * 40}"
        study, _ = init("--model", path)
        assert study.models["encoder"].path == path and study.embedding_of("tatoeba").layer == 14

    def test_a_known_name_needs_no_commit(self) -> None:
        study, _ = init("--model", "FacebookAI/xlm-roberta-large")
        assert study.models["xlm-roberta-large"].path == shipped("phang2020")["models"]["xlmr_large"]["path"]


class TestOwnTasks:
    def test_are_read_off_their_files(self) -> None:
        folder = Path("data/moods")
        folder.mkdir(parents=True)
        for name in ("train", "dev", "test.en", "test.sw"):
            table = 'id\tsaid\tno\tlabel\n1\tShe said "no\tx\tyes\n2\tb\ty\tnot so\n'
            (folder / f"{name}.tsv").write_text(table, encoding="utf-8")
        study, text = init("--tasks", "moods:classification")
        task = study.task("moods")
        assert task.columns == {"premise": "said", "hypothesis": "no", "label": "label"}
        assert task.labels == ("not so", "yes") and task.languages == ("en", "sw")
        assert {*study.arms} == {"none", "moods"} and {*study.targets} == {"moods"}
        assert "correct tasks.moods" not in text

    @pytest.mark.parametrize("kind", ["classification", "tagging", "span_qa", "multiple_choice", "retrieval"])
    def test_without_files_are_an_example_that_loads(self, kind: str) -> None:
        study, text = init("--tasks", f"moods:{kind}")
        assert study.task("moods").type == kind
        assert "# correct tasks.moods: columns, labels, languages; its files go to data/moods/" in text

    def test_beside_a_question(self) -> None:
        study, _ = init("--questions", "1", "--tasks", "moods:tagging,ccg")
        assert {"moods", "ccg", "hellaswag"} <= {*study.arms} and {"moods", "xnli"} <= {*study.targets}
        assert "ccg" not in study.targets

    def test_a_table_without_labels_is_refused(self) -> None:
        Path("data/moods").mkdir(parents=True)
        Path("data/moods/train.tsv").write_text("a\tlabel\nx\tsame\n", encoding="utf-8")
        with pytest.raises(
            UserError, match=r"train\.tsv: its first line must name the columns.*found columns a, label"
        ):
            init("--tasks", "moods:classification")


def test_a_file_that_is_there_is_left_alone() -> None:
    Path("mine.yaml").write_text("mine", encoding="utf-8")
    for options in ((), ("--source", "synthetic")):
        with pytest.raises(UserError, match=r"mine\.yaml: is there already, and is left as it is"):
            init(*options)
    assert Path("mine.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--questions", "6"], "--questions: there is no question '6'. Give some of 1 to 5"),
        (["--tasks", "mnly"], "--tasks: there is no built-in task 'mnly'. Did you mean 'mnli'?"),
        (["--tasks", "moods:classifier"], "there is no task type 'classifier'. Did you mean 'classification'?"),
        (["--tasks", "xnli:classification"], "the name is taken by XNLI"),
        (["--tasks", "mnli"], "none of mnli can be a target"),
        (["--model", "nowhere"], "--model: 'nowhere' is no folder"),
        (["--source", "synthetic", "--model", "xlm-roberta-base"], "leave out --model"),
    ],
)
def test_mistakes(options: list[str], message: str) -> None:
    with pytest.raises(UserError) as refused:
        init(*options)
    assert message in str(refused.value)
    assert not list(Path.cwd().iterdir())


def test_a_name_that_is_none() -> None:
    with pytest.raises(UserError, match="use lower-case letters"):
        init(name="../Mine")


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1e-5, "b": 1, "c": 0, "d": True, "e": None, "f": "no", "g": "a: b", "h": "{language}", "i": ["x", "1"]},
        {"no": {"deep": {"x": 1.5e-08, "y": 3.0}, "other": {"z": ""}}, "long": {str(n): "w" * 20 for n in range(9)}},
        {"a": 100000.0, "b": 1e20, "c": "hf://a/b@c", "d": "# no comment", "e": "it's", "f": "1e5", "g": "~", "h": "-"},
    ],
)
def test_what_is_written_is_read_again(value: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml({"key": value}, {"key": "two\nlines"}, {"key.a": "note"})) == {"key": value}

"""``--study``: a name, a file, a folder, or nothing where there is one study; the same for all commands."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from configs import ready_made
from typer.testing import CliRunner

from xstilts.cli.commands import app
from xstilts.cli.studies import find, studies_in
from xstilts.config.study import load, store
from xstilts.errors import UserError


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(name: str = "trial", file: str = "study.yaml", **changes: object) -> Path:
    """A study's YAML file."""
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(ready_made(**{"study": name, **changes})), encoding="utf-8")
    return path


def ran(name: str = "trial", folder: str = "results", **changes: object) -> Path:
    """What a run of a study has stored."""
    path = Path(folder, name, "study.json")
    path.parent.mkdir(parents=True)
    store(load(ready_made(**{"study": name, **changes})), path)
    return path


def told(command: str) -> str:
    """What a command says, or the message that it ends with."""
    done = CliRunner().invoke(app, command.split())
    if isinstance(done.exception, UserError):
        return str(done.exception)
    assert not done.exception or isinstance(done.exception, SystemExit), done.exception
    return done.output


@pytest.mark.parametrize("given", ["", "trial", "study.yaml", "."])
def test_each_way_leads_to_the_same_study(given: str) -> None:
    file, stored = written(), ran()
    found = find(given)
    assert (found.described, found.run) == (file, stored)


@pytest.mark.parametrize("given", ["results/trial", "results/trial/study.json"])
def test_what_has_run_is_meant_where_it_is_named(given: str) -> None:
    written()
    stored = ran()
    assert find(given).described == find(given).run == stored


def test_a_study_whose_file_is_elsewhere() -> None:
    stored = ran()
    file = written(file="studies/mine.yaml")
    assert find("").described == stored, "there is no file here"
    assert (find("studies/mine.yaml").described, find("studies/mine.yaml").run) == (file, stored)
    assert find("studies").file == file


def test_what_has_not_run() -> None:
    written()
    with pytest.raises(UserError, match=r"study\.yaml: this study has not run yet.*xstilts run study\.yaml"):
        _ = find("trial").run
    assert told("status") == told("show --study trial") == told("score --study study.yaml folder")


def test_several_studies_have_to_be_told_apart() -> None:
    written()
    written("other", "other.yml")
    ran("third")
    with pytest.raises(UserError, match=r"give --study, as there are several studies in .*: other, third, trial\."):
        find("")
    assert find("other").file == Path("other.yml") and find("third").run == Path("results/third/study.json")
    with pytest.raises(UserError, match=r"there is no study 'otter' in .*Did you mean 'other'\?"):
        find("otter")


def test_none_at_all() -> None:
    Path("notes.yaml").write_text("study: none\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"there is no study in .*xstilts init NAME"):
        find("")


def test_two_files_of_one_name() -> None:
    written()
    written(file="copy.yaml")
    with pytest.raises(UserError, match=r"study\.yaml and copy\.yaml are both called 'trial'"):
        studies_in(Path())


def test_files_that_are_not_there() -> None:
    assert told("check --study nowhere.yaml").startswith("nowhere.yaml: no such config file.")
    assert told("show --study nowhere/study.json").startswith("nowhere/study.json: no such study file.")


def test_a_check_is_of_the_file_and_a_status_of_what_has_run() -> None:
    ran(arms={"none": {}})
    written(arms={"none": {}, "mnli": {"tasks": ["mnli"]}}, seeds=[-1])
    assert "problem: seeds.0" in told("check")
    assert "seeds.0" not in told("check --study results/trial")
    assert told("status").startswith("trial: ")


def test_results_in_another_folder_are_read_there() -> None:
    ran(folder="elsewhere/results")
    logs = Path("elsewhere/results/trial/.checkpoints/0123456789ab")
    logs.mkdir(parents=True)
    (logs / "state").write_bytes(b"x")
    assert "rm -r elsewhere/results/trial/.checkpoints/0123456789ab" in told("status --study elsewhere")


def test_the_old_option_of_check_and_plan_still_works() -> None:
    written(seeds=[-1])
    assert told("check --config study.yaml") == told("check --study study.yaml")


def test_why_takes_a_study_too() -> None:
    ran()
    assert "has no YAML file here" in told("why --study trial")
    written(arms={"mnli": {"tasks": ["mnli"]}})
    assert "gains need the baseline" in told("why --study trial")
    assert told("why --study trial --configfile study.yaml").startswith("give either --study or --configfile")


class TestListing:
    def test_without_a_study_what_there_is(self) -> None:
        assert "\nxnli " in told("ls tasks") and "\nhellaswag " in told("ls tasks")
        assert "\nsw    Swahili " in told("ls languages")
        assert "FacebookAI/xlm-roberta-large  24 " in told("ls models")
        assert "\nsquad_v2 " in told("ls arms")

    def test_of_the_only_study_its_own(self) -> None:
        own_task = {
            "type": "tagging", "title": "Names", "files": {"train": "a.txt", "dev": "b.txt", "test": "{language}.txt"},
            "labels": ["O", "B-X"], "languages": ["en", "eo"],
        }  # fmt: skip
        arms = {"none": {}, "both": {"stages": [{"tasks": ["mnli"], "train_examples": 1000}, {"tasks": ["names"]}]}}
        languages = {"eo": {"name": "Esperanto"}}
        written(tasks={"names": own_task}, targets={"names": {}}, arms=arms, languages=languages)
        assert "\nnames " in told("ls tasks") and "\neo    Esperanto " in told("ls languages")
        assert "both  mnli, then names  1,000 of each, then all  en " in told("ls arms").replace("\n", " ")
        assert "xlmr   ?       ?      ?              models/xlmr" in told("ls models")

    def test_every_line_has_the_same_columns(self) -> None:
        head, rule, *lines = told("ls tasks").splitlines()
        starts = [0, *(at + 2 for at in range(len(rule)) if rule[at : at + 2] == "  ")]
        assert all(line[at - 1] == " " for line in [head, *lines] for at in starts[1:] if at < len(line))


def test_completion_knows_commands_and_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    written()
    environment = {"_XSTILTS_COMPLETE": "complete_bash", "COMP_WORDS": "xstilts status --study ", "COMP_CWORD": "3"}
    done = CliRunner().invoke(app, [], prog_name="xstilts", env=environment)
    assert done.output.split() == ["trial"]

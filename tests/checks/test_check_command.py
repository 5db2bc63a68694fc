"""``xstilts check``: everything at once, exit codes, JSON."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny_encoders
import tiny_release
from configs import ready_made

from xstilts import cli
from xstilts.checks.trial import Trial
from xstilts.config.study import load, store
from xstilts.errors import UserError
from xstilts.tasks.task import Task

IN_ORDER = {
    "models": {"mine": {"path": "encoder"}},
    "arms": {"none": {}, "mnli": {"tasks": ["mnli"]}},
    "targets": {"xnli": {"languages": ["de", "en"]}, "tatoeba": {"languages": ["de"]}},
    "encoding": {"max_length": 64},
    "retrieval": {"layer": 1},
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the tiny release and a tiny encoder."""
    monkeypatch.chdir(tmp_path)
    tiny_release.write(Path("data"))
    tiny_encoders.write("xlmr", Path("encoder"))


def run(monkeypatch: pytest.MonkeyPatch, *options: str, command: str = "check", **changes: Any) -> str | int | None:
    """Run a command on a study's file; returns the exit code, or the message that ends it."""
    Path("study.yaml").write_text(json.dumps(ready_made(**{**IN_ORDER, **changes})), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["xstilts", command, "--config", "study.yaml", *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_a_study_in_order(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(Path.cwd().rglob("*"))
    assert run(monkeypatch) == 0
    assert capsys.readouterr().out == "0 problems, 0 warnings\n"
    assert sorted(Path.cwd().rglob("*")) == sorted([*before, Path.cwd() / "study.yaml"])


def test_warnings_alone_are_no_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, source={"kind": "hub", "files": ["mnli", "xnli"]}) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("warning: source: not downloaded yet: Tatoeba.") and last == "0 problems, 1 warning"


def test_problems_of_every_kind_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_encoders.write("qwen2", Path("decoder"))
    Path("decoder/model.safetensors").write_bytes(b"cut off")
    Path("encoder/tokenizer.json").write_text("{", encoding="utf-8")
    Path("data/xtreme/xnli/test-de.tsv").unlink()
    models = {"mine": {"path": "encoder"}, "other": {"path": "decoder"}, "named": {"path": "xlm-roberta-base"}}
    settings = {"models": models, "retrieval": {"layer": 14, "pooling": "first_token"}}
    assert run(monkeypatch, **settings) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == "7 problems, 0 warnings"
    for number, start in enumerate(
        [
            "retrieval.layer: is 14, but models.mine has 2 layers",
            "retrieval.layer: is 14, but models.other has 2 layers",
            "models.named.path: there is no folder 'xlm-roberta-base'",
            "source.root: XNLI: data/xtreme/xnli/test-de.tsv: there is no such file",
            "models.mine: encoder: transformers cannot load its tokenizer (JSONDecodeError",
            "retrieval.pooling: is 'first_token', but models.other is a decoder",
            "models.other: decoder: transformers cannot load this encoder",
        ]
    ):
        assert lines[number].startswith(f"problem: {start}"), lines[number]


def test_what_the_trial_finds_with_each_type_of_task(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(self: Trial, task: Task, *settings: object) -> None:
        raise UserError(f"models.mine: {task.title} fails.")

    monkeypatch.setattr(Trial, "_try_task", refused)
    assert run(monkeypatch) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines == ["problem: models.mine: XNLI fails.", "problem: models.mine: Tatoeba fails."]
    assert last == "2 problems, 0 warnings"


def test_every_mistake_in_the_config(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--json", seeds=[-1], splits=["tset"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [problem["key"] for problem in found["problems"]] == ["seeds.0", "splits.0"]
    assert all("must be" in problem["message"] for problem in found["problems"])
    assert found["warnings"] == []


def test_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    source = {"kind": "hub", "files": ["mnli", "xnli"]}
    assert run(monkeypatch, "--json", source=source, encoding={"max_length": 65}) == 1
    found = json.loads(capsys.readouterr().out)
    message = "is 65, but models.mine takes inputs of up to 64 tokens. Set it to 64 or less."
    assert found["problems"] == [{"key": "encoding.max_length", "message": message}]
    assert [warning["key"] for warning in found["warnings"]] == ["source"]


def test_a_stored_study(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    store(load(ready_made(**{**IN_ORDER, "retrieval": {"layer": 3}})), Path("study.json"))
    monkeypatch.setattr(sys, "argv", ["xstilts", "check", "--study", "study.json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1 and "retrieval.layer: is 3" in capsys.readouterr().out


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_plan_says_first_what_is_wrong(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--gpu", "t4", *options, command="plan", retrieval={"layer": 3}) == 0
    shown = capsys.readouterr().out
    if options:
        assert json.loads(shown)["check"]["problems"][0]["key"] == "retrieval.layer"
    else:
        assert shown.startswith("problem: retrieval.layer: is 3, but models.mine has 2 layers")
        assert "\n1 problem, 0 warnings\n\ntrial on T4" in shown


def test_a_plan_of_a_study_in_order_says_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--gpu", "t4", command="plan") == 0
    assert capsys.readouterr().out.startswith("trial on T4")


def test_a_plan_warns_of_a_full_disk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    assert run(monkeypatch, "--gpu", "t4", "--json", command="plan") == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert any(warning.startswith("disk: the study needs") for warning in warnings)


def test_a_plan_for_a_family_of_devices_is_one_for_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--gpu", "a100", command="plan") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("a100 stands for a100-40 and a100-80, with a plan for each.\n\ntrial on A100 40 GB")
    assert "\ntrial on A100 80 GB" in shown
    message = run(monkeypatch, "--gpu", "a100", "--json", command="plan")
    assert message == "xstilts: --gpu: a100 stands for a100-40 and a100-80; for --json name one."


def test_whether_jobs_fit_each_device_of_a_family(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = json.loads(Path("encoder/config.json").read_text(encoding="utf-8"))
    Path("encoder/config.json").write_text(json.dumps(config | {"vocab_size": 500_000_000}), encoding="utf-8")
    run(monkeypatch, "--gpu", "a100")
    shown = capsys.readouterr().out
    assert "warning: --gpu a100-40: " in shown and "warning: --gpu a100-80: " in shown

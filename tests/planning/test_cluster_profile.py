"""``xstilts plan --write-profile``: a profile that Snakemake takes, whose jobs ask for what the plan expects."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
from configs import ready_made
from workspace import REPOSITORY

from xstilts import cli
from xstilts.cluster.requests import Request, planned_requests
from xstilts.config.reading import read_config
from xstilts.graph.runs import Runs
from xstilts.planning.cluster_profile import MEMORY_MARGIN, TIME_MARGIN, profile_text
from xstilts.planning.gpus import GPUS
from xstilts.planning.jobs import GPU_RULES
from xstilts.planning.plan import plan
from xstilts.wording import two_digits_up

SHIPPED = REPOSITORY / "workflow" / "profiles" / "slurm" / "profile.yaml"
MODELS = {
    "large": {"path": "hf://FacebookAI/xlm-roberta-large@c23d21b0620b635a76227c604d44e43a9f0ee389"},
    "base": {"path": "hf://FacebookAI/xlm-roberta-base@e73636d4f797dec63c3081bb6ed5c7b0bb3f2089"},
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    hub = ["bucc2018", "tatoeba", "xquad", "mlqa", "qqp"]  # read from files
    Path("study.yaml").write_text(yaml.safe_dump(ready_made(models=MODELS, source={"kind": "hub", "files": hub})))


def said(monkeypatch: pytest.MonkeyPatch, *options: str) -> str | int | None:
    """The exit code of plan, or the message that it ends with."""
    monkeypatch.setattr(sys, "argv", ["xstilts", "plan", "--study", "study.yaml", *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_snakemake_plans_the_study_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(monkeypatch, "--gpu", "a100-80", "--write-profile", "new") == 0
    expected = plan(Runs(read_config(Path("study.yaml"))), GPUS["a100-80"])
    requests = planned_requests(REPOSITORY / "Snakefile", Path("study.yaml"), Path("new"))

    def asked(rule: str, model: str) -> Request:
        return next(one for one in requests if one.rule == rule and f"model={model}," in one.wildcards)

    for rule in ("intermediate", "finetune", "retrieve"):
        for model in MODELS:
            costs = [group.cost for group in expected.groups if (group.rule, group.model) == (rule, model)]
            minutes = two_digits_up(TIME_MARGIN * max(cost.high for cost in costs) / 60 + 10)
            megabytes = two_digits_up(MEMORY_MARGIN * max(cost.memory_bytes for cost in costs) / 1e6)
            found = asked(rule, model)
            assert (found.number("runtime"), found.number("mem_mb")) == (minutes, megabytes)
            assert found.resources["gpu_model"] == "a100"
            assert found.resources["slurm_extra"] == "--signal=TERM@300"


def test_everything_else_is_as_shipped() -> None:
    text = profile_text(plan(Runs(read_config(Path("study.yaml"))), GPUS["cpu"]), SHIPPED.read_text(encoding="utf-8"))
    written, shipped = yaml.safe_load(text), yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    rules = written["set-resources"]
    for rule, values in shipped["set-resources"].items():
        needs = {name: rules[rule].pop(name) for name in ("runtime", "mem_mb")}
        assert rules[rule] == values, "without --gpu of a GPU no type is asked for"
        if rule == "pretrain":  # the study has no such job
            assert needs == {"runtime": GPU_RULES[rule].runtime, "mem_mb": GPU_RULES[rule].mem_mb}
    assert {**written, "set-resources": {name: rules[name] for name in shipped["set-resources"]}} == shipped
    kept = set(SHIPPED.read_text(encoding="utf-8").splitlines())
    assert {line for line in kept if line.lstrip().startswith("#")} <= set(text.splitlines())


def test_a_profile_that_is_there_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mine").mkdir()
    Path("mine", "profile.yaml").write_text("mine", encoding="utf-8")
    answer = said(monkeypatch, "--gpu", "a100-80", "--write-profile", "mine")
    assert str(answer).startswith("xstilts: --write-profile: mine/profile.yaml is there already")
    assert Path("mine", "profile.yaml").read_text(encoding="utf-8") == "mine"


def test_one_device_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = said(monkeypatch, "--gpu", "a100", "--write-profile", "new")
    assert str(answer).endswith("stands for a100-40 and a100-80; for --write-profile name one.")
    assert not Path("new").exists()

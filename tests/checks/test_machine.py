"""What ``xstilts doctor`` finds on a machine: packages, downloads, disk."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from configs import own, ready_made

from xstilts.checks import installation
from xstilts.checks.machine import findings
from xstilts.config.study import load
from xstilts.graph.runs import Runs
from xstilts.runtime.gpus import GpuDevice


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(config: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(str(one), one.warning) for one in findings(Runs(load(config)), Path())]


def test_a_machine_in_order() -> None:
    assert found(own()) == []


@pytest.mark.parametrize(("gpus", "here", "warned"), [(4, 2, True), (2, 2, False), (4, 0, False)])
def test_a_model_that_is_trained_on_more_gpus_than_there_are(
    monkeypatch: pytest.MonkeyPatch, gpus: int, here: int, warned: bool
) -> None:
    devices = [GpuDevice(str(number), f"GPU-{number}", "H200") for number in range(here)]
    devices += [GpuDevice(f"MIG-{number}", f"MIG-{number}") for number in range(3)] if here else []
    monkeypatch.setattr("xstilts.checks.machine.visible_gpus", lambda: devices)
    study = own()
    study["models"]["tiny"]["gpus"] = gpus
    texts = [text for text, warning in found(study) if warning]
    assert len(texts) == warned
    assert all("its trainings use 4 GPUs of one machine, and this one has 2" in text for text in texts)


def test_packages_that_are_missing_or_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"torch": "1.0", "peft": ""}
    known = installation.installed
    monkeypatch.setattr(installation, "installed", lambda name: there.get(name, known(name)))
    texts = [text for text, warning in found(own()) if not warning]
    assert texts[0].startswith("packages: peft is not installed. Run: pip install 'peft>=")
    assert texts[1].startswith("packages: torch is 1.0, xstilts needs torch>=")
    assert len(texts) == 2


def test_packages_that_are_not_those_of_the_lock_file() -> None:
    Path("requirements.lock").write_text("pandas==0.1\ntorch==0.2\nnot-here==3\n", encoding="utf-8")
    ((text, warning),) = found(own())
    assert warning
    assert text.startswith("packages: 2 packages in other versions than requirements.lock lists: pandas ")


def test_another_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.python_version", lambda: "3.8.1")
    assert found(own())[0][0].startswith("Python: is 3.8.1, but xstilts needs >=3.")


def test_what_is_not_downloaded() -> None:
    study = ready_made(source={"kind": "hub", "files": ["mnli"]}, models={"x": {"path": f"hf://a/b@{'0' * 40}"}})
    text, warning = found(study)[0]
    assert warning
    assert text.startswith("downloads: not there: ") and "XNLI" in text and f"a--b--{'0' * 40}" in text
    assert "MNLI" not in text


def test_a_full_disk_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")(1, 1, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    ((text, warning),) = found(own())
    assert text.startswith("disk: the study needs about ") and not warning

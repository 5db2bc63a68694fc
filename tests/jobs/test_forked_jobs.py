"""Jobs that a fork server runs make what they make by themselves."""

from __future__ import annotations

import copy
import json
import shutil
import sys
from pathlib import Path

import pytest
from commands import command, tiny_study
from workspace import Workspace

from xstilts.config.study import load, store
from xstilts.graph.runs import Runs
from xstilts.runtime.attempts import read_attempts

FINETUNE = command(["finetune", "--training-set", "squad_v1", "--arm", "none", "--seed", "1"])
JOBS = [command(["pretrain"]), FINETUNE]
#: What has to be the same, byte for byte.
MADE = ("encoders/**/*.safetensors", "scores/**/*.parquet", "dev_scores/**/*.parquet", "predictions/**/*.parquet")


def copied(prepared: Path, folder: Path) -> Workspace:
    shutil.copytree(prepared, folder, copy_function=shutil.copy2)
    return Workspace(folder, tiny_study())


def made(workspace: Workspace) -> dict[str, bytes]:
    files = (path for pattern in MADE for path in workspace.results.glob(pattern))
    return {str(path.relative_to(workspace.results)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def alone(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The study, with jobs that have run in processes of their own. Not to be changed."""
    workspace = copied(prepared, tmp_path_factory.mktemp("alone") / "study")
    for job in JOBS:
        end = f"from pathlib import Path; Path({f'modules.{job[0]}'!r}).write_text(' '.join(sys.modules))"
        code = f"import sys; sys.argv = {['xstilts', *job]!r}\nfrom xstilts.cli.commands import run\n"
        workspace.program(sys.executable, "-c", f"{code}try: run()\nfinally: {end}").ok()
    return workspace


def test_a_job_makes_the_same_bytes(prepared: Path, alone: Workspace, tmp_path: Path) -> None:
    workspace = copied(prepared, tmp_path / "forked")
    for job in JOBS:
        printed = workspace.program("sh", "-c", f"echo $$; exec xstilts {' '.join(job)}").ok().text
        client = int(printed.split()[0])
        newest = max(workspace.results.glob("attempts/**/*.json"), key=lambda path: path.stat().st_mtime_ns)
        assert read_attempts(newest)[-1].pid != client, "no server has run it"
    assert len(made(workspace)) == 5
    assert made(workspace) == made(alone)


def test_the_kernels_that_a_study_asks_for_are_chosen(alone: Workspace, tmp_path: Path) -> None:
    """Also where a server has imported PyTorch without them: the job then runs by itself, and says nothing of it."""
    workspace = copied(alone.folder, tmp_path / "portable")
    study = copy.deepcopy(workspace.config)
    study["compute"]["cpu_kernels"] = "portable"
    path = Runs(load(study)).paths.study
    store(load(study), workspace.folder / path)
    workspace.xstilts(*FINETUNE).ok()
    (record,) = workspace.results.glob("records/small/none/squad_v1/seed1.json")
    assert json.loads(record.read_bytes())["hardware"]["cpu_capability"] == "AVX2"


def test_the_server_imports_what_jobs_import(alone: Workspace) -> None:
    """What it leaves to jobs, each of them would import again."""
    code = "from xstilts.cli.forkserver.server import import_all; import_all(); import sys; print(*sys.modules)"
    by_server = alone.program(sys.executable, "-c", code).ok().text.splitlines()[-1].split()
    for job in JOBS:
        by_job = (alone.folder / f"modules.{job[0]}").read_text(encoding="utf-8").split()
        lacking = sorted(set(by_job) - {*by_server})
        assert not [module for module in lacking if module.startswith("xstilts.")]
        assert len(lacking) < 100, lacking

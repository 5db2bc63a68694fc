"""The workflow without a clone: ``xstilts run``, the package as pip installs it, and the workflow as a module."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from workspace import REPOSITORY, Workspace

import xstilts

SHIPPED = ("Snakefile", "config.yaml", "workflow", "envs", "profiles")
#: What the wheel is built from.
SOURCES = (*SHIPPED, "src", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as a wheel, built in a copy of the sources by the backend that is installed."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        source = REPOSITORY / name
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(source, copy / name, ignore=ignored) if source.is_dir() else shutil.copy(source, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "."]
    done = subprocess.run([*command, "--wheel-dir", "out"], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next((copy / "out").glob("*.whl"))


def test_the_wheel_has_every_file_of_the_workflow(wheel: Path) -> None:
    inside = {name.partition("share/xstilts/")[2] for name in zipfile.ZipFile(wheel).namelist()} - {""}
    files = [
        path for name in SHIPPED for path in [REPOSITORY / name, *(REPOSITORY / name).rglob("*")] if path.is_file()
    ]
    shipped = {path.relative_to(REPOSITORY).as_posix() for path in files if "__pycache__" not in path.parts}
    assert inside == shipped, "list new folders under data-files in pyproject.toml"


@pytest.mark.parametrize(
    ("file", "copied"),
    [("Dockerfile", r"(\S+)(?= .*/build/)"), ("xstilts.def", r"^ {4}(\S+) /build/\1$")],
)
def test_an_image_is_built_from_what_the_wheel_is(file: str, copied: str) -> None:
    text = (REPOSITORY / "envs" / file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith(("COPY ", "    "))]
    found = {name for line in lines for name in re.findall(copied, line) if name != "COPY"}
    assert found == {*SOURCES, "requirements.lock"}
    version = re.search(r"^(?:FROM|From:) python:([\d.]+)-slim$", text, re.MULTILINE)
    assert version and f"python={version[1]}\n" in (REPOSITORY / "envs" / "xstilts.yaml").read_text(encoding="utf-8")


#: Without PYTHONPATH: pip would take a package there for an installed one.
VARIABLES = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment in which the package is installed; the others it takes from the one that runs the tests."""
    environment = tmp_path_factory.mktemp("installed") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    packages = next((environment / "lib").glob("python*/site-packages"))
    packages.joinpath("others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    into = ["--python", environment / "bin" / "python", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run([sys.executable, "-m", "pip", *into], check=True, env=VARIABLES)
    return environment


def test_an_installed_package_runs_from_any_folder(environment: Path, workspace: Workspace) -> None:
    python = environment / "bin" / "python"
    workspace.write()

    def run(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=workspace.folder, env=VARIABLES, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    where = run(python, "-c", "import xstilts; print(xstilts.__file__)").strip()
    assert Path(where).is_relative_to(environment), "the installed package, not this clone"
    planned = run(environment / "bin" / "xstilts", "run", "study.yaml", "--", "--dry-run")
    assert f"Snakefile: {environment / 'share' / 'xstilts' / 'Snakefile'}" in planned
    assert "finetune" in planned
    assert not any(str(REPOSITORY / name) in planned for name in ("Snakefile", "workflow", "profiles", "src"))
    run(environment / "bin" / "xstilts", "init", "mine", "--questions", "1")
    assert (workspace.folder / "mine.yaml").is_file()


@pytest.mark.parametrize("kind", ["wheel", "clone"])
def test_rules_run_in_the_environment_that_conda_makes_for_them(
    kind: str, environment: Path, workspace: Workspace, tmp_path: Path
) -> None:
    conda = tmp_path / "conda" / "bin"
    conda.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("conda.sh"), conda / "conda")
    conda.joinpath("activate").write_text('export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"\n', encoding="utf-8")
    python = environment / "bin" / "python" if kind == "wheel" else Path(sys.executable)
    variables = {**VARIABLES, "PATH": f"{conda}{os.pathsep}{VARIABLES['PATH']}", "PYTHON_OF_TESTS": sys.executable}
    if kind == "clone":
        variables["PYTHONPATH"] = str(workspace.package)
    workspace.write()
    wanted = "results/tiny/data/xnli/manifest.json"
    command = [python.with_name("xstilts"), "run", "tiny", wanted, "--cores", "1", "--", "--sdm", "conda"]
    done = subprocess.run(command, cwd=workspace.folder, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = workspace.folder.glob(".snakemake/conda/*/")
    ran = (workspace.folder / "ran.txt").read_text(encoding="utf-8")
    assert f"{made}/bin/python {made}/bin/xstilts prepare --study " in ran
    version = [made / "bin" / "xstilts", "--version"]
    printed = subprocess.run(version, cwd=workspace.folder, env=VARIABLES, capture_output=True, text=True)
    assert printed.stdout.startswith("xstilts 0.1.0 (Python 3."), printed.stderr
    (link,) = made.glob("lib/python*/site-packages/xstilts")
    assert link.resolve().is_relative_to(environment if kind == "wheel" else workspace.package)


def test_a_target_runs_with_the_options_of_snakemake(workspace: Workspace) -> None:
    workspace.write()
    manifest = "results/tiny/data/xnli/manifest.json"
    done = workspace.xstilts("run", "tiny", manifest, "--cores", "1", "--", "--printshellcmds").ok()
    assert (workspace.folder / manifest).is_file()
    assert "xstilts prepare --study results/tiny/studies/" in done.text


def test_of_one_study_no_name_is_needed_and_exit_codes_are_snakemake_s(workspace: Workspace) -> None:
    workspace.config["arms"] = {"mnli": {"tasks": ["mnli"]}}
    workspace.write()
    done = workspace.xstilts("run")
    assert done.code == 1 and "gains need the baseline" in done.text


def test_a_target_needs_no_option_beside_it(workspace: Workspace) -> None:
    """Snakemake takes all words behind --configfile for files."""
    workspace.write()
    planned = workspace.xstilts("run", "tiny", "results/tiny/scores.parquet", "--", "--dry-run").ok().text
    assert "rule collect:" in planned and "rule report:" not in planned


def test_profiles_have_names(workspace: Workspace) -> None:
    workspace.write()
    planned = workspace.xstilts("run", "tiny", "--profile", "gpu", "--", "--dry-run", "--quiet").ok().text
    assert "workflow/profiles/gpu" in planned
    done = workspace.xstilts("run", "tiny", "--profile", "gppu")
    assert done.code == 1 and "there is no profile 'gppu'. Did you mean 'gpu'?" in done.text


def test_what_has_no_yaml_file_cannot_be_run(workspace: Workspace) -> None:
    stored = workspace.folder / "results" / "tiny" / "study.json"
    stored.parent.mkdir(parents=True)
    stored.write_text("{}", encoding="utf-8")
    done = workspace.xstilts("run", "tiny")
    assert done.code == 1 and "has no YAML file here, from which to run it" in done.text


def test_downloads_are_not_told_to_stay_offline(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands of a run decide for themselves whether they may use the network."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    workspace.write()
    done = workspace.xstilts("run", "tiny", "--", "--dry-run", "--envvars", "HF_HUB_OFFLINE")
    assert done.code != 0 and "HF_HUB_OFFLINE" in done.text, "snakemake misses the variable"


MODULE = """
from xstilts.checks.plan import plan
from xstilts.graph.contents import freeze

configfile: "study.yaml"

module xstilts:
    snakefile: "{snakefile}"
    config: config

use rule * from xstilts as xstilts_*

rule mine:
    default_target: True
    input: rules.xstilts_report.output
    output: "mine.html"
    shell: "cp {{input}} {{output}}"

onstart:
    freeze(plan(config, []))

onerror:
    shell("xstilts partial --study tiny || true")
"""


class TestModule:
    @pytest.fixture
    def other(self, workspace: Workspace) -> Workspace:
        """A folder with a workflow of its own that uses this one, as docs/start.md shows."""
        workspace.write()
        text = MODULE.format(snakefile=REPOSITORY / "Snakefile")
        (workspace.folder / "Snakefile").write_text(text, encoding="utf-8")
        return workspace

    def test_is_what_the_page_shows(self) -> None:
        page = (REPOSITORY / "docs" / "start.md").read_text(encoding="utf-8")
        shown = MODULE.format(snakefile="path/to/xstilts/Snakefile").replace("tiny", "mine").strip()
        assert shown.replace('"study.yaml"', '"mine.yaml"') in page

    def test_plans_its_rules_beside_those_of_others(self, other: Workspace) -> None:
        planned = other.program("snakemake", "--dry-run", "--cores", "1", "--quiet", "rules").ok().text
        assert "mine " in planned and "xstilts_finetune " in planned

    def test_runs(self, other: Workspace) -> None:
        manifest = "results/tiny/data/xnli/manifest.json"
        other.program("snakemake", manifest, "--cores", "1").ok()
        assert (other.folder / manifest).is_file()


def test_the_workflow_is_found_in_a_clone() -> None:
    from xstilts.config.shipped import workflow_folder

    assert workflow_folder() / "src" / "xstilts" == Path(xstilts.__file__).parent


def test_what_snakemake_s_report_shows_has_captions() -> None:
    """The reports that Snakemake packs: see also tests/workflow/test_own_tasks.py, where it packs one."""
    rules = REPOSITORY / "workflow" / "rules"
    found = [
        (path, block)
        for path in sorted(rules.glob("*.smk"))
        for block in re.findall(r"^ {8}report\(\n((?: {12}.*\n)+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert [path.name for path, _ in found] == ["results.smk"] * 2
    for path, block in found:
        (caption,) = re.findall(r'caption="(.*?)"', block)
        assert (path.parent / caption).read_text(encoding="utf-8").strip() and "category=" in block

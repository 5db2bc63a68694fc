"""Snakemake and xstilts as a user runs them: as programs, in a folder of their own."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

import xstilts
from xstilts.cli import forkserver

#: Outputs that are folders.
FOLDERS = {"answers", "figures", "submission"}

REPOSITORY = Path(__file__).resolve().parents[1]

#: Whose commands share what they import: those of the whole session, also where several workers run its tests.
OWNER = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()

#: Two trained arms beside the baseline, a target of each kind: fine-tuned, fine-tuned on another task, retrieved.
TINY: dict[str, Any] = {
    "study": "tiny",
    "source": {"kind": "files", "root": "data"},
    "models": {
        "small": {
            "architecture": {
                "hidden_size": 8,
                "layers": 1,
                "heads": 2,
                "feed_forward_size": 8,
                "max_length": 32,
                "vocabulary_size": 100,
            }
        }
    },
    "seeds": [1],
    "arms": {"none": {}, "mnli": {"tasks": ["mnli"]}, "control": {"weights": "random"}},
    "targets": {
        "xnli": {"languages": ["de", "en"]},
        "xquad": {"languages": ["de", "en"]},
        "tatoeba": {"languages": ["de"]},
    },
    "training": {
        "pretraining": {"max_steps": 2, "batch_size": 2},
        "intermediate": {"max_steps": 2, "batch_size": 2},
        "target": {"max_steps": 2, "batch_size": 2},
    },
    "encoding": {"max_length": 32, "doc_stride": 16, "max_query_length": 8},
    "retrieval": {"layer": 1},
}


@dataclass(frozen=True)
class Finished:
    """What a program left behind: its exit code and all that it printed."""

    code: int
    text: str

    def ok(self) -> Finished:
        if self.code:
            pytest.fail("\n".join(self.text.splitlines()[-50:]), pytrace=False)
        return self


@dataclass
class Workspace:
    """A folder with a study, from which snakemake and xstilts run."""

    folder: Path
    config: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(TINY))
    #: Where the programs find the package.
    package: Path = field(default_factory=lambda: Path(xstilts.__file__).parents[1])

    @property
    def study(self) -> str:
        return str(self.config["study"])

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.study

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def environment(self) -> dict[str, str]:
        """What programs find in their environment beside what the tests do."""
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONPATH": str(self.package),
            "COLUMNS": "200",
            forkserver.OWNER: str(OWNER),
        }

    def program(self, *command: str) -> Finished:
        environment = {**os.environ, **self.environment()}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        return Finished(done.returncode, done.stdout)

    def xstilts(self, *arguments: str) -> Finished:
        return self.program("xstilts", *arguments)

    def bare_snakemake(self, *arguments: str) -> Finished:
        """Snakemake with the study that it takes by default."""
        snakefile = str(REPOSITORY / "Snakefile")
        return self.program(sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", "2", *arguments)

    def write(self) -> None:
        """Write the study to study.yaml."""
        (self.folder / "study.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False), encoding="utf-8")

    def snakemake(self, *arguments: str) -> Finished:
        """Snakemake with this workspace's study."""
        self.write()
        return self.bare_snakemake(*arguments, "--configfile", "study.yaml")

    def planned(self, *arguments: str) -> list[str]:
        """The jobs that a run would start now, as 'rule wildcard …'."""
        return jobs_in(self.snakemake("--dry-run", *arguments).ok().text)

    def counts(self) -> Counter[str]:
        """How many jobs of each rule a run would start now."""
        return Counter(job.split(" ")[0] for job in self.planned())

    def pretend(self) -> None:
        """Make the study look finished: empty files for all outputs, and Snakemake's own record of how they came about.

        Planning compares that record, times and checksums; it never looks into an output.
        """
        planned = self.snakemake("--dry-run").ok().text
        for outputs in re.findall(r"^ {4}output: (.*)$", planned, re.MULTILINE):
            for name in outputs.split(", "):
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.mkdir(exist_ok=True) if path.name in FOLDERS else path.touch()
        self.snakemake("--touch", "--forceall").ok()


def tracked() -> list[Path]:
    """The project's files under version control; the test is skipped where there is none, as in an unpacked release."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("needs the project's git repository, and git is not installed (Debian: apt-get install git)")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"needs the project's git repository, and this copy is in none: {error.stderr.decode().strip()}")
    names = listed.stdout.decode().split("\0")
    return [REPOSITORY / name for name in names if name and (REPOSITORY / name).is_file()]


def jobs_in(output: str) -> list[str]:
    """'rule wildcard …' of each job that snakemake announces, wildcards in the order that the paths have them."""
    found = []
    for announced in re.finditer(r"^(?:local)?rule (\w+):\n((?: {4}.*\n)+)", output, re.MULTILINE):
        wildcards = re.search(r"^ {4}wildcards: (.*)$", announced[2], re.MULTILINE)
        values = [pair.split("=")[1] for pair in wildcards[1].split(", ")] if wildcards else []
        found.append(" ".join([announced[1], *values]))
    return sorted(found)

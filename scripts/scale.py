"""Measure how long Snakemake plans studies of some sizes, in CPU seconds, and print the table of docs/scale.md.

    python scripts/scale.py
    python scripts/scale.py 1000 10000

Each study has three ready-made models (empty files: planning looks into none), fourteen arms, XTREME's nine targets,
and as many seeds as make the given number of jobs. It is planned as it is, and again as if all of it had run.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SNAKEFILE = Path(__file__).resolve().parents[1] / "Snakefile"
MODELS = ("one", "two", "three")
NINE = ("anli", "mnli", "qqp", "squad_v1", "squad_v2", "hellaswag", "ccg", "cosmosqa", "commonsenseqa")
TARGETS = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")
FOLDERS = {"answers", "figures", "submission"}  # outputs that are folders
SIZES = (1000, 2000, 5000, 10000)

_ARMS: dict[str, Any] = {
    "none": {},
    **{task: {"tasks": [task]} for task in NINE},
    "all": {"tasks": list(NINE)},
    "sentences": {"tasks": ["anli", "mnli", "qqp"]},
    "questions": {"tasks": ["squad_v1", "squad_v2"]},
    "untrained": {"weights": "random"},
}
#: Six fine-tunings and one retrieval per model, arm and seed; and an intermediate training where the arm trains.
_JOBS_PER_SEED = len(MODELS) * (len(_ARMS) * 7 + len(_ARMS) - 1)


@dataclass(frozen=True)
class Measured:
    """CPU seconds of a command, which other programs lengthen less than its time, its peak memory, what it printed."""

    seconds: float
    mebibytes: float
    text: str

    @property
    def jobs(self) -> int:
        """How many jobs a dry run would start."""
        found = re.search(r"^total\s+(\d+)$", self.text, re.MULTILINE)
        return int(found[1]) if found else 0


def write_study(folder: Path, jobs: int) -> None:
    """Make ``folder`` one to run snakemake in, with a study of about so many jobs."""
    for name in MODELS:
        model = folder / "models" / name
        model.mkdir(parents=True, exist_ok=True)
        for file in ("tokenizer.json", "config.json", "model.safetensors"):
            (model / file).touch()
    study = {
        "study": "large",
        "source": {"kind": "files", "root": "data"},
        "models": {name: {"path": f"models/{name}"} for name in MODELS},
        "seeds": list(range(1, 1 + max(1, round(jobs / _JOBS_PER_SEED)))),
        "arms": _ARMS,
        "targets": dict.fromkeys(TARGETS),
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")


def snakemake(folder: Path, *arguments: str) -> Measured:
    """Run snakemake on the folder's study."""
    options = ["--snakefile", str(SNAKEFILE), "--configfile", "study.yaml", "--cores", "2", *arguments]
    return run(folder, sys.executable, "-m", "snakemake", *options)


def run(folder: Path, *command: str) -> Measured:
    """Run a command in a folder.

    Raises:
        SystemExit: if it fails, with what it printed last.
    """
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(command, cwd=folder, stdout=printed, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read()
    if process.returncode:
        sys.exit("\n".join(text.splitlines()[-30:]))
    return Measured(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def change(folder: Path) -> None:
    """Change a setting that all training on targets depends on."""
    with (folder / "study.yaml").open("a", encoding="utf-8") as file:
        file.write("training: {target: {learning_rate: 0.5}}\n")


def pretend(folder: Path) -> None:
    """Make the study look finished: empty outputs, and Snakemake's own record of how they came about."""
    planned = snakemake(folder, "--dry-run").text
    for outputs in re.findall(r"^ {4}output: (.*)$", planned, re.MULTILINE):
        for name in outputs.split(", "):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(exist_ok=True) if path.name in FOLDERS else path.touch()
    # As many at a time as there are: with few cores the scheduler would look at all that is waiting again and again.
    snakemake(folder, "--touch", "--forceall", "--quiet", "all", "--cores", "100000")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="*", type=int, default=SIZES)
    print("| jobs | nothing done | memory | all done | memory | xstilts why |")
    print("|---:|---:|---:|---:|---:|---:|")
    for jobs in parser.parse_args().jobs:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write_study(folder, jobs)
            fresh = snakemake(folder, "--dry-run")
            pretend(folder)
            done = snakemake(folder, "--dry-run")
            change(folder)
            why = run(folder, "xstilts", "why", "--snakefile", str(SNAKEFILE), "--configfile", "study.yaml")
        print(
            f"| {fresh.jobs:,} | {fresh.seconds:.1f} s | {fresh.mebibytes:.0f} MiB "
            f"| {done.seconds:.1f} s | {done.mebibytes:.0f} MiB "
            f"| {why.seconds:.1f} s |",
            flush=True,
        )


if __name__ == "__main__":
    main()

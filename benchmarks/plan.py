"""Compare the planning of a study with a bare Snakemake workflow of as many jobs and edges.

    python benchmarks/plan.py --jobs 10000
    python benchmarks/plan.py --reduced

The study has three ready-made models (without weights: planning looks into none), fourteen arms, XTREME's nine targets,
and as many seeds as make the given number of jobs. ``bare.smk`` has the rules, files and edges of such a study, and
neither run specs nor anything else. Measured are dry runs of both, ``xstilts plan``, a dry run and ``xstilts status``
as if all of the study had run, and ``xstilts why`` after a change that concerns every fine-tuning.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measuring
import yaml
from finished import ARMS

from xstilts.config.study import load
from xstilts.graph.runs import Runs
from xstilts.tasks.registry import TARGET_TASKS

ROOT = Path(__file__).resolve().parents[1]
SNAKEFILE = ROOT / "Snakefile"
BARE = Path(__file__).with_name("bare.smk")
MODELS = ("one", "two", "three")
FOLDERS = {"answers", "figures", "submission"}  # outputs that are folders

#: XLM-R Large's shape, which ``xstilts plan`` reads.
_CONFIG = {
    "model_type": "xlm-roberta",
    "num_hidden_layers": 24,
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_attention_heads": 16,
    "vocab_size": 250_002,
    "max_position_embeddings": 514,
}
#: Six fine-tunings and one retrieval per model, arm and seed; and an intermediate training where the arm trains.
ONE_SEED = len(MODELS) * (len(ARMS) * 7 + len(ARMS) - 1)


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
    """Make ``folder`` one to run snakemake in, with a study of about so many jobs and its bare workflow."""
    for name in MODELS:
        model = folder / "models" / name
        model.mkdir(parents=True, exist_ok=True)
        for file in ("tokenizer.json", "model.safetensors"):
            (model / file).touch()
        (model / "config.json").write_text(json.dumps(_CONFIG), encoding="utf-8")
    study = {
        "study": "large",
        "source": {"kind": "files", "root": "data"},
        "models": {name: {"path": f"models/{name}"} for name in MODELS},
        "seeds": list(range(1, 1 + max(1, round(jobs / ONE_SEED)))),
        "arms": ARMS,
        "targets": dict.fromkeys(TARGET_TASKS),
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    (folder / "graph.json").write_text(json.dumps(bare_graph(Runs(load(study)))), encoding="utf-8")


def bare_graph(runs: Runs) -> dict[str, Any]:
    """Return what ``bare.smk`` has to know of a study."""
    return {
        "arms": {arm: runs.trained_on(arm) for arm in runs.study.arms},
        "trained": [name for name, arm in runs.study.arms.items() if arm.trains],
        "reads": {what: runs.read_by(what) for what in runs.evaluations()},
        "data": [f"bare/data/{task}.json" for task in runs.study.tasks()],
        "scores": [f"bare/scores/{job.model}/{job.arm}/{job.what}/{job.seed}.parquet" for job in runs.jobs()],
    }


def snakemake(folder: Path, *arguments: str) -> Measured:
    """Run snakemake on the folder's study."""
    options = ["--snakefile", str(SNAKEFILE), "--configfile", "study.yaml", "--cores", "2", *arguments]
    return run(folder, sys.executable, "-m", "snakemake", *options)


def bare(folder: Path) -> Measured:
    """Plan the folder's bare workflow."""
    return run(folder, sys.executable, "-m", "snakemake", "--snakefile", str(BARE), "--cores", "2", "--dry-run")


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


def commands(folder: Path) -> dict[str, float]:
    """CPU seconds of the commands that look at a study, and of planning it as if all of it had run."""
    study = ("--study", "study.yaml")
    planned = run(folder, "xstilts", "plan", *study, "--gpu", "h100-80").seconds
    pretend(folder)
    seconds = {
        "finished": snakemake(folder, "--dry-run").seconds,
        "xstilts status": run(folder, "xstilts", "status", *study).seconds,
        "xstilts plan": planned,
    }
    change(folder)
    why = run(folder, "xstilts", "why", "--snakefile", str(SNAKEFILE), "--configfile", "study.yaml")
    return {name: round(value, 1) for name, value in {**seconds, "xstilts why": why.seconds}.items()}


def main() -> None:
    """Measure, and print one JSON document."""
    parser = measuring.parser(__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_study(folder, ONE_SEED if arguments.reduced else arguments.jobs)
        planned = {"fresh": snakemake(folder, "--dry-run"), "bare": bare(folder)}
        ways = {measuring.OURS: lambda: snakemake(folder, "--dry-run"), "bare": lambda: bare(folder)}
        seconds = measuring.take_turns(ways, arguments.turns)
        details = {} if arguments.reduced else commands(folder)
    measuring.print_result(
        "plan",
        seconds,
        ["snakemake"],
        jobs={name: one.jobs for name, one in planned.items()},
        mebibytes={name: round(one.mebibytes) for name, one in planned.items()},
        **details,
    )


if __name__ == "__main__":
    main()

"""Kill a small study a hundred times at random moments, and see whether anybody can tell.

    python scripts/kills.py [--kills 100] [--seed 1] [--folder FOLDER]

Runs a synthetic study twice: undisturbed, and under a snakemake that is started again and again while its training
jobs, and now and then it itself, get SIGTERM or SIGKILL. Then compares scores, predictions and encoders byte for byte,
and looks for what killed processes may leave behind: checkpoints, half-written files, orphans. Exits with 1 where there
is a difference. Takes about ten seconds per kill.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parents[1]
_STAGE = {"batch_size": 8, "max_steps": 150, "eval_every": 40, "learning_rate": 0.003}
STUDY = {
    "study": "kills",
    "source": {"kind": "synthetic", "seed": 5, "train_examples": 400, "eval_examples": 40, "documents": 3000},
    "models": {"small": {"architecture": {"hidden_size": 32, "layers": 2, "heads": 2, "dropout": 0.1}}},
    "seeds": [1, 2],
    "arms": {"none": {}, "mnli": {"tasks": ["mnli"]}, "both": {"tasks": ["mnli", "squad_v1"]}},
    "targets": {"xnli": {}, "xquad": {}, "udpos": {}, "tatoeba": {}},
    "training": dict.fromkeys(("pretraining", "intermediate", "target"), _STAGE),
    "retrieval": {"layer": 1},
    "compute": {"checkpoint_minutes": 0.002},
}
TRAINING = {"pretrain", "intermediate", "finetune", "retrieve"}
#: What has to be the same, byte for byte. Records tell of times and attempts, and reports show them.
COMPARED = ("scores.parquet", "dev_scores.parquet", "predictions/**/*.parquet", "encoders/**/*.safetensors")


def start(folder: Path, log: Path) -> psutil.Popen:
    """Snakemake on the study, as a user would start it again."""
    snakemake = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile")]
    config = ["--configfile", "study.json", "--workflow-profile", str(REPOSITORY / "profiles/default")]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with log.open("a", encoding="utf-8") as file:
        subprocess.run([*snakemake, "--unlock", *config], cwd=folder, stdout=file, stderr=file, check=True)
        command = [*snakemake, *config, "--cores", "2", "--retries", "5", "collect"]
        return psutil.Popen(command, cwd=folder, env=environment, stdout=file, stderr=file)


def training_jobs(folder: Path) -> list[psutil.Process]:
    """Processes that train in the folder, whoever started them."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
            if Path(process.cwd()) == folder and TRAINING & set(command) and any("xstilts" in part for part in command):
                found.append(process)
        except psutil.Error:
            continue
    return found


def disturb(folder: Path, kills: int, moments: random.Random, log: Path) -> Counter[str]:
    """Run the study to its end, with so many kills on the way; says what was killed how often."""
    done: Counter[str] = Counter()
    while True:
        main = start(folder, log)
        while main.poll() is None:
            time.sleep(moments.uniform(0, 6))
            victims = training_jobs(folder)
            if sum(done.values()) >= kills or not victims:
                continue
            snakemake_too = moments.random() < 0.15
            victim = main if snakemake_too else moments.choice(victims)
            how = moments.choice([signal.SIGTERM, signal.SIGKILL])
            try:
                victim.send_signal(how)
            except psutil.NoSuchProcess:
                continue
            done[f"{'snakemake' if snakemake_too else 'training job'} {how.name}"] += 1
            print(f"{sum(done.values())} kills", end="\r", flush=True)
        if main.returncode == 0 and sum(done.values()) >= kills:
            return done
        if main.returncode == 0:  # done before it was killed often enough: the last arm trains again
            for path in (folder / "results/kills").glob("*/small/both/**/*"):
                path.unlink() if path.is_file() else None


def differences(one: Path, other: Path) -> list[str]:
    found = []
    for pattern in COMPARED:
        names = {path.relative_to(root) for root in (one, other) for path in root.glob(pattern)}
        found += [str(name) for name in sorted(names) if _bytes(one / name) != _bytes(other / name)]
    return found


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def leftovers(folder: Path) -> list[str]:
    results = folder / "results/kills"
    half = results.rglob("*.tmp")
    return [str(path) for path in (*half, *(results / ".checkpoints").glob("*"))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the moments and of what is killed")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder unless given")
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="xstilts-kills-"))
    calm, rough = folder.resolve() / "calm", folder.resolve() / "rough"
    for place in (calm, rough):
        place.mkdir(parents=True)
        (place / "study.json").write_text(json.dumps(STUDY), encoding="utf-8")
    if start(calm, folder / "calm.log").wait() != 0:
        print(f"The undisturbed study failed: see {folder / 'calm.log'}")
        return 1
    began = time.monotonic()
    killed = disturb(rough, chosen.kills, random.Random(chosen.seed), folder / "rough.log")
    seconds = time.monotonic() - began
    _, orphans = psutil.wait_procs(training_jobs(rough), timeout=10)
    different = differences(calm / "results/kills", rough / "results/kills")
    compared = sum(len(list((calm / "results/kills").glob(pattern))) for pattern in COMPARED)
    print(f"{sum(killed.values())} kills in {seconds:.0f} s: {dict(sorted(killed.items()))}")
    print(f"{compared} files compared, {len(different)} differ {different or ''}")
    print(f"left behind: {leftovers(rough) or 'nothing'}; orphans: {[process.pid for process in orphans] or 'none'}")
    return int(bool(different or leftovers(rough) or orphans))


if __name__ == "__main__":
    sys.exit(main())

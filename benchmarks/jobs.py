"""Measure what a small fine-tuning job costs beside its training: in a process of its own, and forked from the server.

    python benchmarks/jobs.py
    python benchmarks/jobs.py --reduced

The job fine-tunes a random encoder of three layers of width 64 on made-up pairs, as many steps as one of the demo, and
scores two languages. Its command runs twice in each turn: in a process that imports what it needs, and as Snakemake's
jobs do where it runs them itself, in a child of a fork server that has imported it. The server is the package's own,
started here so that its children tell how many CPU seconds each phase took. On Linux only. One thread.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import measuring
import psutil

from xstilts.cli.forkserver import OWNER
from xstilts.cli.forkserver.key import key
from xstilts.cli.forkserver.place import locked_folder

FORKED, OWN = measuring.OURS, "own process"
RUNS_A_COMMAND = "from xstilts.cli import main; main()"
PHASES = Path(__file__).with_name("job_phases.py")
WORK = ("training", "evaluation")  # the phases that a job is for


class Server:
    """A fork server in a process of its own, whose jobs belong to this process.

    Args:
        folder: Where commands run; the study is made there.
        steps: Those of its training.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        self.folder, self.phases = folder, folder / "phases.json"
        os.environ |= {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", OWNER: str(os.getpid())}
        os.environ |= {"XSTILTS_PHASES": str(self.phases), "XSTILTS_STEPS": str(steps)}
        with locked_folder() as place, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            self._address = place / f"{key(os.getpid())}.socket"
            listener.bind(str(self._address))
            listener.listen()
            arguments = [str(listener.fileno()), str(self._address), str(os.getpid())]
            self._process = subprocess.Popen(
                [sys.executable, str(PHASES), "serve", *arguments],
                cwd=folder,
                pass_fds=[listener.fileno()],
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            self.end()
            raise SystemExit("The server could not start.")

    def run(self, *arguments: str) -> None:
        """Run a command as a job that this server forks."""
        self._run([sys.executable, "-c", RUNS_A_COMMAND, *arguments])

    def run_alone(self, *arguments: str) -> None:
        """Run a command in a process of its own."""
        self._run([sys.executable, str(PHASES), "alone", *arguments])

    def cpu_seconds(self) -> float:
        """CPU seconds of the commands that have ended: of the processes that were started, and of the forked ones."""
        children = psutil.Process(self._process.pid).cpu_times()
        return measuring.cpu_seconds() + children.children_user + children.children_system

    def end(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait()
        self._address.unlink(missing_ok=True)

    def _run(self, command: list[str]) -> None:
        self.phases.unlink(missing_ok=True)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        if not self.phases.exists():
            raise SystemExit(
                "Another server has run a job: this one had nothing to do for five minutes, or installed packages or "
                "the code have changed. Start again."
            )


def main() -> None:
    """Measure, and print one JSON document."""
    parser = measuring.parser(__doc__)
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    steps, turns = (20, 1) if arguments.reduced else (arguments.steps, arguments.turns)
    with tempfile.TemporaryDirectory() as name:
        server = Server(Path(name), steps)
        try:
            _measure(server, steps, turns, warm=not arguments.reduced)
        finally:
            server.end()


def _measure(server: Server, steps: int, turns: int, warm: bool) -> None:
    options = ["--study", "results/jobs/study.json"]
    for command in (["prepare", "--task", "xnli"], ["tokenizer", "--model", "small"]):
        server.run(*command, *options)
    server.run("encode", "--model", "small", "--task", "xnli", *options)
    job = ["finetune", "--model", "small", "--arm", "none", "--training-set", "xnli", "--seed", "1", *options]
    phases: dict[str, list[dict[str, float]]] = {FORKED: [], OWN: []}

    def run(way: str) -> None:
        (server.run if way == FORKED else server.run_alone)(*job)
        phases[way].append(json.loads(server.phases.read_text(encoding="utf-8")))

    ways = {name: (lambda name=name: run(name)) for name in phases}
    seconds = measuring.take_turns(ways, turns, server.cpu_seconds, warm)
    measuring.print_result(
        "jobs",
        seconds,
        ["torch", "transformers"],
        steps=steps,
        phases={name: _medians(found[-turns:], seconds[name]) for name, found in phases.items()},
    )


def _medians(found: list[dict[str, float]], totals: list[float]) -> dict[str, float]:
    """Median CPU seconds of each phase over turns; what no phase has is of starting and ending processes."""
    rest = {"starting and ending": [total - sum(phases.values()) for phases, total in zip(found, totals, strict=True)]}
    by_phase = {name: [phases[name] for phases in found] for name in found[0]} | rest
    beyond = [total - sum(phases[name] for name in WORK) for phases, total in zip(found, totals, strict=True)]
    by_phase["beyond training and evaluation"] = beyond
    return {name: round(statistics.median(values), 2) for name, values in by_phase.items()}


if __name__ == "__main__":
    main()
